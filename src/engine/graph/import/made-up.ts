/** Whether a tensor's name is PyTorch's own or its exporter's. */

/** Names that PyTorch's exporters give to results of its functions: `cos`, `expand_2`, `scalar_tensor_default_1`. */
const functionName =
  /^_?(abs|add|arange|batch_norm|bmm|cat|clamp|clone|concat|conv[123]d|copy|cos|cumsum|detach|div|einsum|embedding|exp|expand|eye|fill|flip|floor|full|gather|gelu|getitem|index|index_select|layer_norm|lift_fresh_copy|linear|linspace|log|masked_fill|matmul|mean|meshgrid|mm|mul|neg|ones|outer|pad|permute|pow|reciprocal|repeat|reshape|roll|rsqrt|rsub|scalar_tensor|select|sigmoid|sin|slice|softmax|split|sqrt|squeeze|stack|sub|sum|t|tanh|tensor|tile|tmp|to_copy|transpose|tril|triu|unsqueeze|upsample_\w+|view|where|zeros)(_like)?(_default)?(_\d+)?$/;

/** Names of PyTorch's modules have dots, `logit_scale` and the like are words; exporters make up the others. */
export function isMadeUp(name: string): boolean {
  return (
    name.startsWith('/') ||
    name.includes('::') ||
    !(name.includes('.') || /^[a-z_]+$/i.test(name)) ||
    /^_?val/.test(name) ||
    functionName.test(name)
  );
}
