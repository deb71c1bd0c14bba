/** From a line of a traceback to the cell or file it stands in. */
import { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { CodeEditor } from '@jupyterlab/codeeditor';
import { INotebookTracker, Notebook, NotebookPanel } from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';
import { ReadonlyJSONObject } from '@lumino/coreutils';
import { ISourceFrame } from '../api/models';
import { findCell, lineNow } from '../jobs/sourceFrames';

const SCROLL_MS = 150;
const SCROLLS = 20;

/** What leads there. */
interface ISourceContext {
  app: JupyterFrontEnd;
  tracker: INotebookTracker | null;
  trans: TranslationBundle;
}

/** Show the place and select its line; says so where it is gone. */
export async function openSource(context: ISourceContext, frame: ISourceFrame): Promise<void> {
  const shown = frame.is_cell ? await openCell(context, frame) : await openFile(context, frame);
  if (!shown) {
    Notification.warning(
      context.trans.__('%1 is in no notebook that could be found.', frame.text)
    );
  }
}

async function openCell(context: ISourceContext, frame: ISourceFrame): Promise<boolean> {
  const panel = await findNotebook(context, frame);
  const place = panel ? placeIn(panel, frame) : -1;
  if (!panel || place < 0) {
    return false;
  }
  const { content } = panel;
  context.app.shell.activateById(panel.id);
  content.activeCellIndex = place;
  const cell = content.widgets[place];
  cell.inputHidden = false;
  await panel.revealed;
  await scrollTo(content, place);
  await cell.ready;
  content.mode = 'edit';
  if (cell.editor) {
    selectLine(cell.editor, frame, context.trans);
    await showLine(content, place);
  }
  return true;
}

/**
 * Scroll until the selected line is in sight. A notebook that was opened just now is laid out in
 * several passes, and scrolled back to its top in one of them.
 */
async function showLine(content: Notebook, place: number): Promise<void> {
  for (let seen = 0, tries = 0; seen < 2 && tries < SCROLLS; tries++) {
    const editor = content.widgets[place]?.editor;
    if (editor && isInSight(editor, content.node)) {
      seen += 1;
    } else {
      await scrollTo(content, place);
      editor?.revealSelection(editor.getSelection());
    }
    await new Promise(resolve => setTimeout(resolve, SCROLL_MS));
  }
}

async function scrollTo(content: Notebook, place: number): Promise<void> {
  try {
    await content.scrollToItem(place, 'smart');
  } catch {
    // The notebook wants to scroll elsewhere at the same time; the next try comes after that.
  }
}

function isInSight(editor: CodeEditor.IEditor, frame: HTMLElement): boolean {
  // Null while the line is not drawn.
  const line = editor.getCoordinateForPosition(editor.getSelection().start) as DOMRect | null;
  const { top, bottom } = frame.getBoundingClientRect();
  return !!line && line.top >= top && line.bottom <= bottom;
}

/** A notebook that is open and has the cell, or else the one at the path. */
async function findNotebook(
  { app, tracker }: ISourceContext,
  frame: ISourceFrame
): Promise<NotebookPanel | null> {
  const atPath = tracker?.find(panel => panel.context.path === frame.path);
  if (atPath && placeIn(atPath, frame) >= 0) {
    return atPath;
  }
  const withCell = tracker?.find(panel => placeIn(panel, frame) >= 0);
  if (withCell || !frame.path) {
    return withCell ?? null;
  }
  const opened: unknown = await app.commands.execute('docmanager:open', { path: frame.path });
  if (!(opened instanceof NotebookPanel)) {
    return null;
  }
  await opened.revealed;
  return opened;
}

function placeIn(panel: NotebookPanel, frame: ISourceFrame): number {
  const cells = panel.content.widgets.map(({ model }) => ({
    id: model.id,
    source: model.type === 'code' ? model.sharedModel.getSource() : ''
  }));
  return findCell(cells, frame);
}

async function openFile({ app, trans }: ISourceContext, frame: ISourceFrame): Promise<boolean> {
  const opened: unknown = await app.commands.execute('docmanager:open', {
    path: frame.path,
    factory: 'Editor'
  });
  const { content, context } = (opened ?? {}) as IEditorDocument;
  if (!content?.editor) {
    return false;
  }
  await context?.ready;
  selectLine(content.editor, frame, trans);
  return true;
}

/** What of a file editor is needed here. */
interface IEditorDocument {
  content?: { editor?: CodeEditor.IEditor };
  context?: { ready: Promise<void> };
}

function selectLine(
  editor: CodeEditor.IEditor,
  frame: ISourceFrame,
  trans: TranslationBundle
): void {
  const now = lineNow(editor.model.sharedModel.getSource(), frame);
  if (now === null && frame.source_line) {
    Notification.info(trans.__('The line has been changed since the job was started.'));
  }
  const line = Math.min(now ?? frame.line - 1, editor.lineCount - 1);
  const selection = {
    start: { line, column: 0 },
    end: { line, column: (editor.getLine(line) ?? '').length }
  };
  editor.setSelection(selection);
  editor.revealSelection(selection);
  editor.focus();
}

/** The arguments of the command, which are the fields of a frame. */
export function sourceArguments(trans: TranslationBundle): ReadonlyJSONObject {
  const text = (description: string) => ({ type: 'string', description });
  return {
    type: 'object',
    required: ['text', 'path', 'is_cell', 'cell_id', 'line', 'source_line'],
    properties: {
      text: text(trans.__('The words of the traceback')),
      path: text(trans.__('The notebook or file')),
      is_cell: { type: 'boolean', description: trans.__('Whether it is a cell') },
      cell_id: text(trans.__("The cell's id")),
      line: { type: 'integer', description: trans.__('The line, counted from 1') },
      source_line: text(trans.__('What stood there'))
    }
  };
}
