/** Every route: method, address, who may, what comes in and what goes out. Server, page and /openapi.json read this table. */
import { type InferenceRoutes, inferenceRoutes } from './routes/inference-routes.js';
import { type JobsRoutes, jobsRoutes } from './routes/jobs-routes.js';
import { type MistakesRoutes, mistakesRoutes } from './routes/mistakes-routes.js';
import { type MovesRoutes, movesRoutes } from './routes/moves-routes.js';
import { type OperationRoutes, operationRoutes } from './routes/operation-routes.js';
import { type ReleasesRoutes, releasesRoutes } from './routes/releases-routes.js';
import { type RepairsRoutes, repairsRoutes } from './routes/repairs-routes.js';
import { type ServingRoutes, servingRoutes } from './routes/serving-routes.js';

export type { Answer, Route } from './routes/route.js';

/** The contract, a group a file. */
export interface Routes
  extends InferenceRoutes,
    ServingRoutes,
    RepairsRoutes,
    ReleasesRoutes,
    MovesRoutes,
    MistakesRoutes,
    JobsRoutes,
    OperationRoutes {}

export const routes: Routes = {
  ...inferenceRoutes,
  ...servingRoutes,
  ...repairsRoutes,
  ...releasesRoutes,
  ...movesRoutes,
  ...mistakesRoutes,
  ...jobsRoutes,
  ...operationRoutes,
};
