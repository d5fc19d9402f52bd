// A network as one program for inference: traced on an example, batch norms folded into convolutions, the rest run in
// oneDNN's own layout (what torch.jit.trace, torch.jit.freeze and torch.jit.optimize_for_inference do in PyTorch).
#include <torch/csrc/jit/frontend/tracer.h>
#include <torch/csrc/jit/passes/constant_propagation.h>
#include <torch/csrc/jit/passes/dead_code_elimination.h>
#include <torch/csrc/jit/passes/frozen_graph_optimizations.h>
#include <torch/csrc/jit/passes/frozen_ops_to_mkldnn.h>

#include "convert.h"
#include "gate.h"

namespace editable {
namespace {

const at::Tensor& tensorAt(const Napi::CallbackInfo& info, size_t position) {
  return instance(info.Env()).tensors.get(info[position].As<Napi::Number>().Uint32Value());
}

// oneDNN's hardtanh takes its bounds as floats, and a traced relu6 has them as integers.
void floatBounds(torch::jit::Graph& graph) {
  for (auto* node : graph.nodes()) {
    if (node->kind() != at::aten::hardtanh && node->kind() != at::aten::hardtanh_) continue;
    const torch::jit::WithInsertPoint here(node);
    for (const size_t position : {1, 2}) {
      const auto bound = torch::jit::toIValue(node->input(position));
      if (bound && bound->isInt()) node->replaceInput(position, graph.insertConstant(static_cast<double>(bound->toInt())));
    }
  }
}

// programTrace(input, forward: handle -> handle) -> id. Every operator that `forward` runs is recorded; what does not
// depend on the input becomes a constant.
Napi::Value traceProgram(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const at::NoGradGuard guard;
  const auto forward = info[1].As<Napi::Function>();
  const auto recorded = [&](torch::jit::Stack inputs) -> torch::jit::Stack {
    const auto output = forward.Call({fromIValue(env, inputs.at(0))}).As<Napi::Number>().Uint32Value();
    return {instance(env).tensors.get(output)};
  };
  const auto traced = torch::jit::tracer::trace({tensorAt(info, 0)}, recorded, [](const at::Tensor&) { return std::string(); });
  auto graph = traced.first->graph;
  torch::jit::ConstantPropagation(graph);
  floatBounds(*graph);
  torch::jit::OptimizeFrozenGraph(graph);
  torch::jit::ConvertFrozenOpsToMKLDNN(graph);
  torch::jit::EliminateDeadCode(graph);
  auto& programs = instance(env).programs;
  programs.push_back(std::make_unique<torch::jit::Code>(graph, "inference"));
  return Napi::Number::New(env, static_cast<double>(programs.size() - 1));
}

// programRun(id, input) -> handle
Napi::Value runProgram(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  torch::jit::Stack stack{tensorAt(info, 1)};
  {
    // A tenth of a small network's time is what operators do for autograd, even where it records nothing.
    const c10::InferenceMode guard;
    torch::jit::InterpreterState(*instance(env).programs.at(info[0].As<Napi::Number>().Uint32Value())).run(stack);
  }
  // A copy, as autograd refuses tensors that were made so.
  const at::NoGradGuard guard;
  return fromIValue(env, stack.at(0).toTensor().clone());
}

// programRelease(id)
Napi::Value releaseProgram(const Napi::CallbackInfo& info) {
  instance(info.Env()).programs.at(info[0].As<Napi::Number>().Uint32Value()).reset();
  return info.Env().Undefined();
}

}  // namespace

void registerInferenceProgram(Napi::Env env, Napi::Object exports) {
  exportFunction(env, exports, "programTrace", traceProgram);
  exportFunction(env, exports, "programRun", runProgram);
  exportFunction(env, exports, "programRelease", releaseProgram);
}

}  // namespace editable
