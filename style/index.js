import 'uplot/dist/uPlot.min.css';
import './base.css';
import './charts.css';
import './drawings.css';
import './page.css';
import './panel.css';
import './launch.css';
