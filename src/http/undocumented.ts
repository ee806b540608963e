import { type Type } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';

/** A controller that offers what another one does already: the documentation shows that one. */
export function undocumented<T>(controller: Type<T>): Type<T> {
  ApiExcludeController()(controller);
  return controller;
}
