import type { IndexExample, TokenEffect } from '#analysis/index_store.ts';
import { featuresByToken } from '#analysis/logits.ts';
import { WorkbenchError } from '#base/errors.ts';
import { answer } from '../answer.ts';
import { pieceOf, piecesOf } from '../inputs.ts';
import type { LoadedModel } from '../loaded_model.ts';
import type { Example, LogitEffect } from '../protocol/features.ts';
import type { Handlers } from '../protocol.ts';
import { requireFits, type Session } from '../session.ts';

type Names = 'feature' | 'featureTable' | 'featuresByToken';

/** Reads of the feature index need no device; only `featuresByToken` does. */
export function featureHandlers(session: Session): Pick<Handlers, Names> {
  return {
    feature: answer<'feature'>(async ({ sae, feature }) => {
      const model = await modelOf(session, sae);
      const record = await (await session.saes.index(sae)).feature(feature);
      return {
        ...record,
        sae,
        examples: record.examples.map((e) => example(model, e)),
        topLogits: record.topLogits.map((l) => logit(model, l)),
        bottomLogits: record.bottomLogits.map((l) => logit(model, l)),
      };
    }),
    featureTable: answer<'featureTable'>(async ({ sae }) => {
      const model = await modelOf(session, sae);
      const { nTokens, density, maxAct, n_heads, headShare, topToken } = await (
        await session.saes.index(sae)
      ).table();
      // Copies: what goes to the page is transferred, the index keeps its own.
      return {
        sae,
        nTokens,
        n_heads,
        density: density.slice(),
        maxAct: maxAct.slice(),
        headShare: headShare.slice(),
        topToken: Array.from(topToken, (id) => pieceOf(model, id)),
      };
    }),
    featuresByToken: answer<'featuresByToken'>(async ({ sae, token }, signal) => {
      using turn = await session.enterWith(sae, signal);
      const { tokenizer, config } = turn.model;
      const id = typeof token === 'number' ? token : tokenizer.findToken(token);
      if (id === undefined || !(id >= 0 && id < config.d_vocab))
        throw new WorkbenchError(
          'format',
          `'${String(token).slice(0, 60)}' is not one token of this model.`,
          {
            hint: 'Write one token exactly, with its leading space if it has one.',
          },
        );
      const effect = await featuresByToken(turn.gpu, turn.model.lm, turn.sae, id);
      return { id, piece: pieceOf(turn.model, id), effect };
    }),
  };
}

/** The model whose tokens the index speaks of. */
async function modelOf(session: Session, sae: string): Promise<LoadedModel> {
  const model = await session.model();
  requireFits((await session.saes.entry(sae)).info, model);
  return model;
}

const example = (model: LoadedModel, e: IndexExample): Example => ({ ...e, pieces: piecesOf(model, e.ids) });
const logit = (model: LoadedModel, l: TokenEffect): LogitEffect => ({ ...l, piece: pieceOf(model, l.id) });
