import { afterEach, describe, expect, it } from '@jest/globals';
import {
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
  Inject,
  Injectable,
  Module,
  UnauthorizedException,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { type HostGuard, JobManagerModule } from '../../src/index.js';
import { expectError } from '../support/answers.js';
import { JobClient } from '../support/client.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const PASSWORD = Symbol('Password');

interface HostRequest {
  readonly headers: Readonly<Record<string, string | undefined>>;
  user?: unknown;
  caller?: unknown;
}

/** A host's guard, with a dependency that only the host can give. */
@Injectable()
class HeaderGuard implements CanActivate {
  constructor(@Inject(PASSWORD) private readonly password: string) {}

  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<HostRequest>();
    const [name, password] = (request.headers['x-login'] ?? '').split(':');
    if (name === 'banned') return false;
    if (password !== this.password) throw new UnauthorizedException('who are you?');
    request.user = { id: name, role: name === 'root' ? 'admin' : 'guest' };
    return true;
  }
}

@Module({ providers: [{ provide: PASSWORD, useValue: 'secret' }], exports: [PASSWORD] })
class PasswordModule {}

const byFunction = ({ headers }: HostRequest): { user: string; role?: 'admin' } | undefined => {
  const [name = '', password] = (headers['x-login'] ?? '').split(':');
  if (password !== 'secret') return undefined;
  return { user: name, ...(name === 'root' ? { role: 'admin' as const } : {}) };
};

let app: INestApplication | undefined;
afterEach(async () => {
  await app?.close();
  app = undefined;
});

async function hostWith(
  guard: HostGuard,
  platform: 'express' | 'fastify',
): Promise<(login: string) => JobClient> {
  const options = { prefix: 'jobs', guard, imports: [PasswordModule] };
  const dataDir = await temporaryDirectory();
  const module = JobManagerModule.forRootAsync({ ...options, useFactory: () => ({ dataDir }) });
  const adapter = platform === 'express' ? new ExpressAdapter() : new FastifyAdapter();
  app = await NestFactory.create(module, adapter, { logger: false, abortOnError: false });
  await app.listen(0, '127.0.0.1');
  const url = `${await app.getUrl()}/jobs`;
  return (login) => new JobClient(url, { 'x-login': login });
}

describe.each([
  ['class', 'express', HeaderGuard],
  ['instance', 'fastify', new HeaderGuard('secret')],
  ['function', 'express', byFunction],
  ['function', 'fastify', byFunction],
] as const)("a host's guard, given as a %s, on %s", (kind, platform, guard) => {
  it('tells jobs and files apart by their owners', async () => {
    const as = await hostWith(guard, platform);
    const [ann, ben, root] = [as('ann:secret'), as('ben:secret'), as('root:secret')];
    const file = await ann.upload('content');
    const jobId = await ann.run({ command: 'cat "$INPUT_1"', input_files: [file] });
    const info = await ann.waitForState(jobId, ['succeeded']);
    expect(info.owner).toBe('ann');
    expectError(await ben.call('GET', `/job_info/${jobId}`), 404);
    expectError(await ben.call('POST', '/cancel', { json: { job_id: jobId } }), 403);
    expectError(
      await ben.call('POST', '/run', { json: { command: 'true', input_files: [file] } }),
      400,
      file,
    );
    expectError(await ben.call('GET', `/files/${String(info.answer_id)}/data`), 404);
    expect((await root.call('GET', `/job_info/${jobId}`)).status).toBe(200);
    expect((await root.download(file)).toString()).toBe('content');
  });

  it('denies in the shape of all errors', async () => {
    const as = await hostWith(guard, platform);
    for (const [method, path] of [
      ['GET', '/list_jobs'],
      ['POST', '/run'],
      ['POST', '/files'],
    ] as const) {
      expectError(await as('ann:wrong').call(method, path), 401);
      if (kind !== 'function') expectError(await as('banned:secret').call(method, path), 403);
    }
  });
});

describe("a host's guard that names nobody", () => {
  it('lets pass, all as one and the same user', async () => {
    const as = await hostWith({ canActivate: () => Promise.resolve(true) }, 'express');
    const jobId = await as('ann').run('true');
    expect((await as('ben').waitForState(jobId, ['succeeded'])).owner).toBe('anonymous');
  });

  it('is a fault of the host where it names somebody without a name', async () => {
    const nameless = {
      canActivate: (context: ExecutionContext) => {
        context.switchToHttp().getRequest<HostRequest>().user = { email: 'x@example.org' };
        return true;
      },
    };
    const as = await hostWith(nameless, 'express');
    expectError(await as('ann').call('GET', '/list_jobs'), 500);
  });
});

describe('a guard', () => {
  it.each([
    [{ auth: 'none' }, /auth/],
    [{ redisUrl: 'redis://127.0.0.1:1' }, /agentToken/],
  ] as const)('beside %j is refused in words', async (options, words) => {
    const dataDir = await temporaryDirectory();
    const module = JobManagerModule.forRoot({ dataDir, guard: byFunction, ...options });
    const start = NestFactory.createApplicationContext(module, { logger: false, abortOnError: false });
    await expect(start).rejects.toThrow(words);
  });
});
