import fastifyStatic from '@fastify/static';
import { type INestApplication } from '@nestjs/common';
import { type NestFastifyApplication } from '@nestjs/platform-fastify';
import { DocumentBuilder, type OpenAPIObject, SwaggerModule } from '@nestjs/swagger';

/** Serves Swagger UI at `/docs` and the OpenAPI 3.1 document at `/docs-json`. Call it before `listen`. */
export function setupDocs(app: NestFastifyApplication): void {
  SwaggerModule.setup('docs', servingFiles(app), () => openApiDocument(app), {
    jsonDocumentUrl: 'docs-json',
    raw: ['json'],
    customSiteTitle: 'Job manager',
    swaggerOptions: { displayRequestDuration: true },
  });
}

/** The document of all routes that aren't aliases. */
export function openApiDocument(app: INestApplication): OpenAPIObject {
  const description = 'Runs shell commands as durable jobs, with files in and answers out.';
  const config = new DocumentBuilder()
    .setOpenAPIVersion('3.1.0')
    .setTitle('Job manager')
    .setDescription(description)
    .setVersion('1')
    .setLicense('MIT', 'https://opensource.org/license/mit')
    .addServer('/', 'This service')
    .addBearerAuth({
      type: 'http',
      scheme: 'bearer',
      description: 'A key or a token, where AUTH asks for one',
    })
    .addApiKey(
      { type: 'apiKey', in: 'header', name: 'X-Api-Key', description: 'A key, where AUTH is api-key' },
      'key',
    )
    .addSecurityRequirements('bearer')
    .addSecurityRequirements('key')
    .addSecurityRequirements({})
    .addTag('jobs', 'Commands that run')
    .addTag('files', 'Bytes by UUID')
    .addTag('health', 'For whoever watches over the service')
    .build();
  return SwaggerModule.createDocument(app, config);
}

/**
 * The app as Swagger is given it: with files served by us. On Fastify it would look for `@fastify/static` from its own place among the
 * packages, where a user who has installed ours need not have it.
 */
function servingFiles(app: NestFastifyApplication): INestApplication {
  const adapter = app.getHttpAdapter();
  const useStaticAssets = (root: string, { prefix }: { prefix: string }): void => {
    void adapter.getInstance().register(fastifyStatic, { root, prefix, decorateReply: false });
  };
  const disguised = Object.create(adapter, { getType: { value: () => 'express' } }) as typeof adapter;
  return Object.create(app, {
    getHttpAdapter: { value: () => disguised },
    useStaticAssets: { value: useStaticAssets },
  }) as INestApplication;
}
