// Answers of a stand-in node that are broken below the IRI API: no JSON, no end, no answer at all.
import type { ServerResponse } from 'node:http';
import type { Fault } from './stand-in-answers.js';

/** Whether `fault` has taken the answer over, so that nobody else may write to it. */
export function breakAnswer(fault: Fault, command: string, response: ServerResponse): boolean {
  switch (fault) {
    case 'hanging':
      return true;
    case 'reset':
      response.destroy();
      return true;
    case 'redirect-others':
    case 'redirect':
      if (fault === 'redirect-others' && command === 'getNodeInfo') return false;
      response.writeHead(302, { Location: 'http://127.0.0.1:1/elsewhere' }).end();
      return true;
    case 'big-headers':
      response.writeHead(200, { 'X-Big': 'x'.repeat(65_536) }).end('{}');
      return true;
    case 'not-http':
      response.socket?.end('hello, this is something else\r\n');
      return true;
    case 'not-json':
      response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html>It works!</html>\n');
      return true;
    case 'not-object':
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('["getNodeInfo"]');
      return true;
    case 'truncated':
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '400' });
      response.write('{"appName": "IRI", "app', () => response.destroy());
      return true;
    case 'huge':
      sendForever(response, Buffer.alloc(65_536, ' '));
      return true;
    case 'dripping':
      dripForever(response);
      return true;
    default:
      return false;
  }
}

function sendForever(response: ServerResponse, block: Buffer): void {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  const send = (): void => {
    while (!response.destroyed && response.write(block));
  };
  response.on('drain', send);
  send();
}

function dripForever(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'application/json' });
  const timer = setInterval(() => response.write(' '), 50);
  response.once('close', () => clearInterval(timer));
}
