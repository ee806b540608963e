import { type OnModuleDestroy } from '@nestjs/common';
import { type Registry } from 'prom-client';
import { type Measured, measureJobManager } from './measure.js';

/** The metrics of a job manager in a registry of its host's, until the application closes. */
export class HostMetrics implements OnModuleDestroy {
  private readonly names: readonly string[];

  constructor(
    private readonly registry: Registry,
    measured: Measured,
  ) {
    const before = new Set(namesIn(registry));
    measureJobManager(registry, measured);
    this.names = namesIn(registry).filter((name) => !before.has(name));
  }

  onModuleDestroy(): void {
    for (const name of this.names) this.registry.removeSingleMetric(name);
  }
}

function namesIn(registry: Registry): string[] {
  return registry.getMetricsAsArray().map(({ name }) => name);
}
