/** One mistake, and behind it those that look like it. */
import { useState } from 'react';
import { Picture } from '../parts/picture.js';
import { testPictureAt } from '../parts/picture-address.js';
import { percent } from '../words.js';
import type { Mistake, MistakeGroup } from './groups.js';

interface MistakeTileProps {
  readonly group: MistakeGroup;
  readonly chosen: readonly number[];
  readonly toggle: (index: number) => void;
}

export function MistakeTile({ group, chosen, toggle }: MistakeTileProps) {
  const [opened, setOpened] = useState(false);
  const [first, ...alike] = group;
  const tile = (mistake: Mistake): React.ReactNode => (
    <OneMistake
      key={mistake.index}
      mistake={mistake}
      chosen={chosen.includes(mistake.index)}
      toggle={() => toggle(mistake.index)}
    />
  );
  return (
    <>
      <div style={{ display: 'grid', gap: 4, alignContent: 'start', minWidth: 0 }}>
        {tile(first)}
        {alike.length === 0 ? null : (
          <button type="button" className="alike" aria-expanded={opened} onClick={() => setOpened(!opened)}>
            {opened ? 'fold' : `${alike.length} alike`}
          </button>
        )}
      </div>
      {opened ? alike.map(tile) : null}
    </>
  );
}

interface OneMistakeProps {
  readonly mistake: Mistake;
  readonly chosen: boolean;
  readonly toggle: () => void;
}

const OneMistake = ({ mistake: { index, truth, predicted, probability }, chosen, toggle }: OneMistakeProps) => (
  <button type="button" className="tile" aria-pressed={chosen} onClick={toggle}>
    <span className="tile-picture">
      <Picture address={testPictureAt(index)} alt={`test image ${index}`} />
      <span className="tile-note">{percent(probability, 0)}</span>
    </span>
    <span className="tile-line" title={truth.name}>
      is <b>{truth.name}</b>
    </span>
    <span className="tile-line" title={predicted.name}>
      says {predicted.name}
    </span>
  </button>
);
