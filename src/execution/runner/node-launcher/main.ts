import { messageOf } from '../../../kernel/errors.js';
import { decodeRequest, encodeReport, FrameSplitter } from '../frames.js';
import { type LauncherReport } from '../protocol.js';
import { closeInheritedDescriptors } from './inherited-descriptors.js';
import { LauncherService } from './launcher-service.js';
import { perlStarter } from './perl-starter.js';
import { shellStarter } from './shell-starter.js';

// The launcher process: small, with an almost empty environment, kept free of frameworks so that its forks are
// cheap. It ends with its standard input, never by a signal meant for the service as a whole.
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);

closeInheritedDescriptors();

const service = new LauncherService(process.argv[2] === 'perl' ? perlStarter : shellStarter, send);
const splitter = new FrameSplitter((payload) => {
  service.handle(decodeRequest(payload)).catch((error: unknown) => {
    send({ op: 'unable', detail: messageOf(error) });
    process.exitCode = 1;
    process.stdin.destroy();
  });
});

process.stdin.on('data', (chunk: Buffer) => {
  splitter.push(chunk);
});
process.stdin.once('end', close);
process.stdin.once('error', close);
// The server is gone: the end of standard input says so too.
process.stdout.on('error', () => undefined);

function send(report: LauncherReport): void {
  process.stdout.write(encodeReport(report));
}

function close(): void {
  void service.close().then(() => process.exit());
}
