/** How the server extension is reached: addresses, requests, refusals. */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

const NAMESPACE = 'jupyter-sdt';

/** The server said no: its words, its hint, and the field at fault. */
export class JobsApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly hint = '',
    /** The flag or keyword at fault; empty when there is none. */
    readonly argument = ''
  ) {
    super(hint ? `${message} (${hint})` : message);
  }
}

/** To one server. */
export class Connection {
  constructor(readonly settings = ServerConnection.makeSettings()) {}

  /** The address of a route. */
  protected url(route: string): string {
    return URLExt.join(this.settings.baseUrl, NAMESPACE, route);
  }

  /** The token is added as other sockets do. */
  protected socketUrl(route: string, given: { [name: string]: string } = {}): string {
    const { wsUrl, token, appendToken } = this.settings;
    const query = new URLSearchParams(given);
    if (appendToken && token) {
      query.set('token', token);
    }
    return `${URLExt.join(wsUrl, NAMESPACE, route)}?${query}`;
  }

  /** What the server answers; null without a body. Throws JobsApiError. */
  protected async ask(route: string, method = 'GET', body?: object): Promise<unknown> {
    const init = { method, ...(body ? { body: JSON.stringify(body) } : {}) };
    const response = await ServerConnection.makeRequest(this.url(route), init, this.settings);
    const text = await response.text();
    if (!response.ok) {
      throw refusal(response, text);
    }
    return text ? JSON.parse(text) : null;
  }
}

function refusal(response: Response, text: string): JobsApiError {
  try {
    const { message, hint, argument } = JSON.parse(text) as { [key: string]: string };
    return new JobsApiError(response.status, message || response.statusText, hint, argument);
  } catch {
    return new JobsApiError(response.status, response.statusText);
  }
}
