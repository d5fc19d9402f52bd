"""What programs/meet.ts does, by PyTorch: the default group of init_process_group, by the launcher's variables."""
import datetime
import json
import sys

import torch
import torch.distributed as dist

times = int(sys.argv[1])
dist.init_process_group("gloo", timeout=datetime.timedelta(seconds=20))
rank, size = dist.get_rank(), dist.get_world_size()
values = torch.full((4,), rank + 1.0, dtype=torch.float64)
for _ in range(times):
    mean = values.clone()
    dist.all_reduce(mean)
    mean /= size
greatest = values.clone()
dist.all_reduce(greatest, op=dist.ReduceOp.MAX)
told = torch.tensor([float(rank)])
dist.broadcast(told, 1)
everyone = [torch.zeros(2) for _ in range(size)]
dist.all_gather(everyone, torch.tensor([float(rank), 7.0]))
dist.barrier()
print(json.dumps({"rank": rank, "mean": mean[0].item(), "greatest": greatest[0].item(), "told": told.item(),
                  "all": [each.tolist() for each in everyone]}))
