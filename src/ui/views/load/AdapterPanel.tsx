import type { GpuInfo } from '#engine/protocol/common.ts';
import { HelpHint } from '#ui/components/HelpHint.tsx';
import { Loadable } from '#ui/components/Loadable.tsx';
import { Panel } from '#ui/components/Panel.tsx';
import { formatBytes, formatCount } from '#ui/plots/numbers.ts';
import { useApp } from '#ui/state/store.ts';

/** The graphics device, as WebGPU describes it, and its limits. */
export function AdapterPanel() {
  const gpu = useApp((s) => s.gpu);
  const adapter = useApp((s) => s.adapter);
  return (
    <Panel
      flush
      title="Adapter"
      help={
        <HelpHint term="Adapter.">
          The graphics device that WebGPU gives this page. Limits decide the largest tensor; Headlight uses
          f32 and needs no optional feature.
        </HelpHint>
      }
    >
      {gpu === 'none' ? (
        <NoAdapter />
      ) : adapter.status === 'ready' ? (
        <Facts info={adapter.value} />
      ) : (
        <div className="pad">
          <Loadable of={adapter} what="the adapter" idle={<p>Starting the engine</p>} />
        </div>
      )}
    </Panel>
  );
}

function NoAdapter() {
  return (
    <div className="pad">
      <p>There is no WebGPU here. To get it:</p>
      <ul className="plain">
        <li>use Chrome or Edge 121, Safari 26, Firefox 141 (Windows) or 145 (macOS), or newer;</li>
        <li>turn on hardware acceleration in the browser's system settings and restart it;</li>
        <li>open the page over https or from localhost: browsers give WebGPU to secure pages only;</li>
        <li>on Linux, start Chrome with --enable-unsafe-webgpu if its GPU is on the block list.</li>
      </ul>
    </div>
  );
}

function Facts({ info }: { readonly info: GpuInfo }) {
  const rows: readonly (readonly [string, string])[] = [
    ['description', info.description || '–'],
    ['vendor', info.vendor || '–'],
    ['architecture', info.architecture || '–'],
    ['kind', info.fallback ? 'software (works, slowly)' : 'hardware'],
    ['f16', info.f16 ? 'yes' : 'no'],
    ['subgroups', info.subgroupSize ? info.subgroupSize.join(' to ') : 'no'],
  ];
  return (
    <table className="facts-table">
      <caption className="sr-only">Adapter facts and limits</caption>
      <tbody>
        {rows.map(([name, value]) => (
          <tr key={name}>
            <th scope="row">{name}</th>
            <td>{value}</td>
          </tr>
        ))}
        {Object.entries(info.limits).map(([name, value]) => (
          <tr key={name}>
            <th scope="row" className="mono">
              {name}
            </th>
            <td className="mono">{limitText(name, value)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** Sizes in bytes with their unit, the rest as counts. */
export function limitText(name: string, value: number): string {
  return /Size$|Bytes$|StorageSize$/.test(name) && value >= 1024 && !/SizeX|SizeY|SizeZ/.test(name)
    ? formatBytes(value)
    : formatCount(value);
}
