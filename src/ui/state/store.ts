import { create, type StateCreator } from 'zustand';
import { subscribeWithSelector } from 'zustand/middleware';
import { type CardSlice, createCardSlice, watchCard } from './card.ts';
import { createFeaturesSlice, type FeaturesSlice, watchFeatures } from './features.ts';
import { createModelTrainingSlice, type ModelTrainingSlice, watchModelTraining } from './model_training.ts';
import { createPinsSlice, type PinsSlice } from './pins.ts';
import { createPrefsSlice, type PrefsSlice } from './prefs.ts';
import { createPromptSlice, type PromptSlice, watchPrompt } from './prompt.ts';
import { createSessionSlice, type SessionSlice, watchSession } from './session.ts';
import { createSteerSlice, type SteerSlice, watchSteer } from './steer.ts';
import { createStorageSlice, type StorageSlice, watchStorage } from './storage.ts';
import { createTrainingSlice, type TrainingSlice, watchTraining } from './training.ts';
import { createTruthSlice, type TruthSlice, watchTruth } from './truth.ts';
import { createViewSlice, type ViewSlice } from './view.ts';

/** The whole state of the page: plain values, small typed arrays and actions; big data stays in the engine. */
export type AppState = SessionSlice &
  ViewSlice &
  CardSlice &
  PrefsSlice &
  PromptSlice &
  SteerSlice &
  FeaturesSlice &
  TruthSlice &
  TrainingSlice &
  PinsSlice &
  ModelTrainingSlice &
  StorageSlice;

/** A slice: its state and actions, with the whole store in reach. */
export type Slice<T> = StateCreator<AppState, [['zustand/subscribeWithSelector', never]], [], T>;

const createAppStore = () =>
  create<AppState>()(
    subscribeWithSelector((...a) => ({
      ...createSessionSlice(...a),
      ...createViewSlice(...a),
      ...createCardSlice(...a),
      ...createPrefsSlice(...a),
      ...createPromptSlice(...a),
      ...createSteerSlice(...a),
      ...createFeaturesSlice(...a),
      ...createTruthSlice(...a),
      ...createTrainingSlice(...a),
      ...createPinsSlice(...a),
      ...createModelTrainingSlice(...a),
      ...createStorageSlice(...a),
    })),
  );

/** The store as slices see it from outside React. */
export type AppStore = ReturnType<typeof createAppStore>;

/** The one store. In components: `useApp((s) => s.view)`; select narrowly. */
export const useApp: AppStore = createAppStore();

/**
 * Connects state to requests: each slice watches the part of the state that its question depends on (a string key)
 * and asks the engine when it changes. Called once by main.tsx.
 */
export function startEffects(store: AppStore = useApp): void {
  watchSession(store);
  watchCard(store);
  watchStorage(store);
  watchPrompt(store);
  watchSteer(store);
  watchFeatures(store);
  watchTruth(store);
  watchTraining(store);
  watchModelTraining(store);
}
