import { Body, Controller, Get, NotFoundException, Param, Post } from '@nestjs/common';
import { DomainError, JobManager } from 'nest-job-manager';

/** A route of the host's own, which has a job do its work. */
@Controller('reports')
export class ReportsController {
  constructor(private readonly jobs: JobManager) {}

  @Post()
  async start(@Body() { text }: { text: string }): Promise<{ report: string }> {
    const { jobId } = await this.jobs.run({ command: 'printf %s "$TEXT" | wc -w', env: { TEXT: text } });
    return { report: jobId };
  }

  @Get(':id')
  async read(@Param('id') id: string): Promise<{ words: number | null }> {
    try {
      const { answerId } = await this.jobs.info(id);
      return { words: answerId === null ? null : Number(await this.answerOf(id)) };
    } catch (error) {
      if (error instanceof DomainError && error.code === 'not_found')
        throw new NotFoundException('no such report');
      throw error;
    }
  }

  private async answerOf(jobId: string): Promise<string> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of this.jobs.output(jobId)) chunks.push(chunk);
    return Buffer.concat(chunks).toString();
  }
}
