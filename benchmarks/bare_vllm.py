"""vLLM's own engine in one process: a batch of prompts a line in, tokens of each out.

Run by the Python of .venv-vllm. It is what the worker of version 0.1 did, without the worker.
"""

import json
import os
import sys

os.environ |= {"VLLM_ENABLE_V1_MULTIPROCESSING": "0", "VLLM_NO_USAGE_STATS": "1"}
os.environ.setdefault("VLLM_CPU_KVCACHE_SPACE", "2")  # GiB, as the backend has it


def main() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # whatever the engine prints goes elsewhere
    import vllm

    engine = vllm.LLM(sys.argv[1], max_model_len=int(sys.argv[2]), seed=0)
    print("ready", file=answers, flush=True)
    for line in sys.stdin:
        batch = json.loads(line)
        sampling = vllm.SamplingParams(**batch["sampling"], logprobs=0)
        done = engine.generate(batch["prompts"], sampling, use_tqdm=False)
        counts = [len(each.outputs[0].token_ids) for each in done]
        print(json.dumps(counts), file=answers, flush=True)


if __name__ == "__main__":
    main()
