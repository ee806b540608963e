import 'reflect-metadata';
import {
  type ArgumentsHost,
  Catch,
  type ExceptionFilter,
  HttpException,
  type INestApplication,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module.js';

/** The host's own shape of errors. */
@Catch(HttpException)
class HostFilter implements ExceptionFilter {
  catch(exception: HttpException, host: ArgumentsHost): void {
    const response = host
      .switchToHttp()
      .getResponse<{ status(code: number): { json(body: object): void } }>();
    response.status(exception.getStatus()).json({ problem: exception.message });
  }
}

/** The host, not listening yet. */
export async function createHost(dataDir: string): Promise<INestApplication> {
  const app = await NestFactory.create(AppModule.forRoot(dataDir), { logger: ['error', 'warn'] });
  app.setGlobalPrefix('api');
  app.useGlobalFilters(new HostFilter());
  app.enableShutdownHooks();
  return app;
}
