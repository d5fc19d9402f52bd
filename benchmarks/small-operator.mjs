/** A small operator call: what a call costs beside the arithmetic. */
import { randn, scope } from '@editable/torch';

// A scope holds what it made until it ends; an edit step makes about so many tensors.
const callsPerScope = 100;

export const rows = [
  {
    name: 'small-op',
    title: 'add of two tensors of 10 numbers',
    unit: 'ms',
    goal: 1.5,
    goalTuned: 1.5,
    repeats: 15,
    parameters: ({ device }) => ({ device, calls: 10_000 }),
    prepare({ device, calls }) {
      const [x, y] = [randn([10], { device }), randn([10], { device })];
      const some = () => {
        for (let i = 0; i < callsPerScope; i++) x.add(y);
      };
      const run = () => {
        for (let done = 0; done < calls; done += callsPerScope) scope(some);
      };
      return { run, calls };
    },
  },
];
