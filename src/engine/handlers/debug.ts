import { answer } from '../answer.ts';
import { prepare } from '../inputs.ts';
import type { Handlers } from '../protocol.ts';
import { runPrompt } from '../runner.ts';
import type { Session } from '../session.ts';

/** For tests and `?debug=gpu`. */
export function debugHandlers(session: Session): Pick<Handlers, 'debug'> {
  return {
    debug: answer<'debug'>(async ({ action }, signal) => {
      const { gpu } = session.host;
      switch (action) {
        case 'memory':
          return { liveBytes: gpu.pool.liveBytes };
        case 'destroyDevice':
          gpu.device.destroy();
          return {};
        case 'profile':
          return profile(session, signal);
      }
    }),
  };
}

/** Microseconds a kernel in one pass over the default prompt. */
async function profile(session: Session, signal: AbortSignal): Promise<Readonly<Record<string, number>>> {
  using turn = await session.enter(signal);
  const { ids } = prepare(turn.model, turn.model.info.defaultPrompt ?? '0');
  const times = await turn.gpu.profile(async () => {
    await runPrompt(turn, ids, { keep: [] });
  });
  const out: Record<string, number> = {};
  for (const t of times) out[t.kernel] = (out[t.kernel] ?? 0) + t.us;
  return out;
}
