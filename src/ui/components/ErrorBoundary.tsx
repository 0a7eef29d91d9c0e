import { Component, type ReactNode } from 'react';
import type { WireError } from '#base/errors.ts';
import { asWireError } from '../state/loadable.ts';
import { ErrorNote } from './ErrorNote.tsx';

interface State {
  readonly error: WireError | undefined;
}

/** A view that throws while drawing shows why and leaves the rest of the page working. */
export class ErrorBoundary extends Component<{ readonly children: ReactNode }, State> {
  override state: State = { error: undefined };
  static getDerivedStateFromError(thrown: unknown): State {
    return { error: asWireError(thrown) };
  }
  override render() {
    const { error } = this.state;
    if (!error) return this.props.children;
    return (
      <div className="view">
        <ErrorNote error={error} onRetry={() => this.setState({ error: undefined })} />
      </div>
    );
  }
}
