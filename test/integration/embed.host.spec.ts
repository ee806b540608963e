import { afterEach, describe, expect, it } from '@jest/globals';
import {
  type CallHandler,
  type CanActivate,
  type DynamicModule,
  type ExecutionContext,
  HttpException,
  type INestApplication,
  type NestInterceptor,
  Module,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, NestFactory } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { map, type Observable } from 'rxjs';
import { isJobManagerRoute, JobManagerModule } from '../../src/index.js';
import { expectError, UUID } from '../support/answers.js';
import { JobClient } from '../support/client.js';
import { hostModule, withHabits } from '../support/hosts/host.js';
import { send } from '../support/raw-http.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

type Platform = 'express' | 'fastify';
/** A response of either framework. */
interface HeaderTarget {
  header(name: string, value: string): unknown;
}
const JSON_TYPE = { 'content-type': 'application/json' };

@Module({})
class Host {}

let apps: INestApplication[] = [];
afterEach(async () => {
  await Promise.all(apps.map((app) => app.close()));
  apps = [];
});

async function listen(module: DynamicModule, platform: Platform, bodyParser = true): Promise<string> {
  const adapter = platform === 'express' ? new ExpressAdapter() : new FastifyAdapter();
  const app = await NestFactory.create(module, adapter, { logger: false, abortOnError: false, bodyParser });
  apps.push(app);
  withHabits(app);
  await app.listen(0, '127.0.0.1');
  return app.getUrl();
}

async function guest(): Promise<DynamicModule> {
  return JobManagerModule.forRoot({ prefix: 'jobs', dataDir: await temporaryDirectory() });
}

/** What callers of the host's own routes can see of a host. */
const OWN_CALLS: readonly [string, string, Record<string, string>?, string?][] = [
  ['GET', '/api/v1/orders'],
  ['GET', '/api/v1/orders/refused'],
  ['POST', '/api/v1/orders', JSON_TYPE, '{"item":"x"}'],
  ['POST', '/api/v1/orders', JSON_TYPE, '{"item":"x","more":1}'],
  ['POST', '/api/v1/orders', JSON_TYPE, '{"item":'],
  ['POST', '/api/v1/orders', JSON_TYPE, `{"item":"${'x'.repeat(1_200_000)}"}`],
  ['POST', '/api/v1/orders', { 'content-type': 'application/x-www-form-urlencoded' }, 'item=x'],
  ['POST', '/api/v1/orders', { 'content-type': 'text/plain' }, 'item'],
  ['DELETE', '/api/v1/orders'],
  ['GET', '/api/orders'],
  ['GET', '/nowhere'],
  ['GET', '/jobs/run'],
  ['POST', '/run', JSON_TYPE, '{}'],
  ['GET', '/api/v1/jobs/list_jobs'],
  ['OPTIONS', '/api/v1/orders'],
];

describe.each(['express', 'fastify'] as const)('a host on %s', (platform) => {
  it('answers for its own as it does without a guest', async () => {
    const [alone, host] = [
      await listen(hostModule(), platform),
      await listen(hostModule(await guest()), platform),
    ];
    for (const [method, path, headers = {}, body] of OWN_CALLS) {
      const ask = (url: string): ReturnType<typeof send> => send(url + path, { method, headers }, body);
      expect({ method, path, ...(await ask(host)) }).toEqual({ method, path, ...(await ask(alone)) });
    }
  });

  it('needs no parser of its own', async () => {
    const url = await listen(hostModule(await guest()), platform, false);
    const client = new JobClient(`${url}/api/jobs`);
    expect(await client.answerOf({ command: 'echo parsed' })).toBe('parsed\n');
  });

  it('tells what is wrong below our prefix in our shape, and in its own elsewhere', async () => {
    const client = new JobClient(`${await listen(hostModule(await guest()), platform)}/api/jobs`);
    expectError(await client.call('GET', '/nowhere'), 404);
    expectError(await client.call('GET', '/run'), 405);
    expectError(await client.call('POST', '/run', { body: '{"command": ', headers: JSON_TYPE }), 400);
    expectError(await client.call('POST', '/run', { body: `{"command":"${'x'.repeat(1_200_000)}"}` }), 413);
    expectError(await client.call('GET', '/job_info/x'), 400, 'job_id');
    expectError(
      await client.call('POST', '/files', { body: 'x', headers: { 'content-type': 'multipart/form-data' } }),
      400,
    );
    const { headers } = await client.call('GET', '/list_jobs');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });

  it('has its global guards and interceptors leave our routes alone where it says so', async () => {
    class Locked implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        return isJobManagerRoute(context);
      }
    }
    class Wrapping implements NestInterceptor {
      intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
        return next.handle().pipe(map((data: unknown) => (isJobManagerRoute(context) ? data : { data })));
      }
    }
    const host = {
      module: Host,
      imports: [hostModule(await guest())],
      providers: [
        { provide: APP_GUARD, useClass: Locked },
        { provide: APP_INTERCEPTOR, useClass: Wrapping },
      ],
    };
    const url = await listen(host, platform);
    expect((await send(`${url}/api/v1/orders`, { method: 'GET' })).status).toBe(403);
    const { body } = await new JobClient(`${url}/api/jobs`).call('POST', '/run', {
      json: { command: 'true' },
    });
    expect(body).toEqual({ job_id: expect.stringMatching(UUID) });
  });

  it('that denies by a global guard denies us in our shape', async () => {
    class Locked implements CanActivate {
      canActivate(): boolean {
        return false;
      }
    }
    const host = {
      module: Host,
      imports: [hostModule(await guest())],
      providers: [{ provide: APP_GUARD, useClass: Locked }],
    };
    const client = new JobClient(`${await listen(host, platform)}/api/jobs`);
    expectError(await client.call('GET', '/list_jobs'), 403);
  });

  it('that limits rates by a global guard says itself when to come again', async () => {
    const limiting: CanActivate = {
      canActivate(context) {
        context.switchToHttp().getResponse<HeaderTarget>().header('Retry-After', '17');
        throw new HttpException('Not so fast.', 429);
      },
    };
    const providers = [{ provide: APP_GUARD, useValue: limiting }];
    const url = await listen({ module: Host, imports: [await guest()], providers }, platform);
    const answer = await new JobClient(`${url}/api/jobs`).call('GET', '/list_jobs');
    expectError(answer, 429, 'Not so fast.');
    expect(answer.headers.get('retry-after')).toBe('17');
  });

  it('closes with jobs that run, and leaves nothing of them', async () => {
    const url = await listen(
      hostModule(
        JobManagerModule.forRoot({
          prefix: 'jobs',
          dataDir: await temporaryDirectory(),
          shutdownGraceSeconds: 0,
          killGraceSeconds: 0,
        }),
      ),
      platform,
    );
    const client = new JobClient(`${url}/api/jobs`);
    await client.waitForState(await client.run('sleep 1000'), ['running']);
    await apps.pop()?.close();
    await expect(client.list()).rejects.toThrow();
  });
});
