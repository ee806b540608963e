import { RequestMethod, type Type } from '@nestjs/common';
import { METHOD_METADATA, PATH_METADATA } from '@nestjs/common/constants.js';
import { MetadataScanner } from '@nestjs/core';

interface Route {
  readonly method: string;
  /** Lower-case names, or undefined where anything may stand. */
  readonly segments: readonly (string | undefined)[];
}

/** The routes that some controllers declare, as a host has mounted them below its global prefix. */
export class OwnRoutes {
  private readonly routes: readonly Route[];

  private readonly base: readonly string[];

  /**
   * @param base of all of them; empty: they share none
   * @param globalPrefix of the host, asked when a request comes: hosts set it late
   */
  constructor(
    controllers: readonly Type<object>[],
    base: string,
    private readonly globalPrefix: () => string,
  ) {
    this.routes = controllers.flatMap(routesOf);
    this.base = segmentsOf(base);
  }

  /** @param path of a request, or of a route as the host's router has it */
  has(method: string, path: string): boolean {
    return this.methodsAt(path).includes(method);
  }

  /** None: the path is not one of ours. */
  methodsAt(path: string): string[] {
    const given = this.withinHost(path);
    return this.routes.filter((route) => matches(route, given)).map(({ method }) => method);
  }

  /** Whether nobody but us is meant, whether or not there is such a route. */
  isBelowBase(path: string): boolean {
    const given = this.withinHost(path);
    return this.base.length > 0 && given.length > this.base.length && startsWith(given, this.base);
  }

  /** Without the host's prefix; nothing where it is not below that. */
  private withinHost(path: string): string[] {
    const prefix = segmentsOf(this.globalPrefix());
    const segments = segmentsOf(path);
    return startsWith(segments, prefix) ? segments.slice(prefix.length) : [];
  }
}

function startsWith(segments: readonly string[], start: readonly string[]): boolean {
  return start.every((name, index) => name === segments[index]);
}

function matches({ segments }: Route, given: readonly string[]): boolean {
  return (
    segments.length === given.length &&
    segments.every((name, index) => name === undefined || name === given[index])
  );
}

function segmentsOf(path: string): string[] {
  return path
    .toLowerCase()
    .split('/')
    .filter((segment) => segment !== '');
}

function routesOf(controller: Type<object>): Route[] {
  const prototype = controller.prototype as Record<string, object>;
  const bases = pathsIn(controller);
  return new MetadataScanner().getAllMethodNames(prototype).flatMap((name) => {
    const handler = prototype[name] as object;
    const method = Reflect.getMetadata(METHOD_METADATA, handler) as RequestMethod | undefined;
    if (method === undefined) return [];
    return bases.flatMap((base) =>
      pathsIn(handler).map((path) => ({
        method: RequestMethod[method],
        segments: segmentsOf(`${base}/${path}`).map((each) => (each.startsWith(':') ? undefined : each)),
      })),
    );
  });
}

function pathsIn(decorated: object): string[] {
  return [Reflect.getMetadata(PATH_METADATA, decorated) as string | string[]].flat();
}
