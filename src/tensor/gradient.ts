import { GroundworkError, present } from '../core/index.ts';
import { derivatives } from './derivatives.ts';
import { isFloating } from './dtype.ts';
import { add, after, broadcastTo, constant } from './functions.ts';
import { withContext } from './scope.ts';
import { formatShape } from './shape.ts';
import { makeTensor, type Tensor } from './tensor.ts';

/**
 * The gradient of a scalar with respect to some tensors, by reverse-mode differentiation on the graph: new nodes are made,
 * nothing is computed. Each new node carries the scope of the node it differentiates and the phase `backward`.
 *
 * @param loss a floating-point scalar
 * @param wrt tensors to differentiate by; one that does not influence the loss gets zeros
 * @returns one tensor for each of `wrt`, of its shape and type
 * @throws GroundworkError `not-differentiable` if the loss is no floating-point scalar or `wrt` holds an integer tensor
 */
export function gradient(loss: Tensor, wrt: readonly Tensor[]): Tensor[] {
  if (loss.shape.length !== 0 || !isFloating(loss.dtype)) {
    throw new GroundworkError(
      'not-differentiable',
      `the loss is a ${loss.dtype} tensor of shape ${formatShape(loss.shape)}, expected a floating-point scalar`,
      { hint: 'Reduce it first, for instance with reduceMean(loss).', scope: loss.scope },
    );
  }
  for (const tensor of wrt) {
    if (!isFloating(tensor.dtype)) {
      throw new GroundworkError('not-differentiable', `cannot differentiate by a tensor of type ${tensor.dtype}`, {
        hint: 'Only floating-point tensors carry gradients.',
        scope: tensor.scope,
      });
    }
  }
  const path = nodesBetween(loss, wrt);
  const gradients = new Map<Tensor, Tensor>([
    [loss, withContext({ phase: 'backward', region: undefined }, () => constant(1, loss.dtype))],
  ]);
  const recomputation = new Recomputation();
  for (const node of path) {
    const g = gradients.get(node);
    if (g === undefined) continue;
    withContext({ scope: node.scope, phase: 'backward', region: undefined }, () => {
      const view = recomputation.view(node, g);
      const contributions = applyRule(view, g);
      node.inputs.forEach((input, i) => {
        const contribution = contributions[i];
        if (!contribution || !path.has(input)) return;
        const sum = gradients.get(input);
        gradients.set(input, sum ? add(sum, contribution) : contribution);
      });
    });
  }
  return wrt.map(
    (tensor) =>
      gradients.get(tensor) ??
      withContext({ scope: tensor.scope, phase: 'backward', region: undefined }, () =>
        broadcastTo(constant(0, tensor.dtype), tensor.shape),
      ),
  );
}

// The one place where a rule meets a node that is known to be of its op only at run time.
function applyRule(node: Tensor, g: Tensor): readonly (Tensor | null)[] {
  const rule = derivatives[node.op] as ((node: Tensor, g: Tensor) => readonly (Tensor | null)[]) | null;
  return rule ? rule(node, g) : [];
}

/** The nodes on a differentiable path from some of `wrt` to `loss`, each before the nodes it reads. */
function nodesBetween(loss: Tensor, wrt: readonly Tensor[]): Set<Tensor> {
  const targets = new Set(wrt);
  const reaches = new Map<Tensor, boolean>();
  const order: Tensor[] = [];
  // Depth-first with an explicit stack: a deep model must not overflow the call stack.
  const stack: { node: Tensor; expanded: boolean }[] = [{ node: loss, expanded: false }];
  for (let entry = stack.pop(); entry; entry = stack.pop()) {
    const { node, expanded } = entry;
    if (expanded) {
      const reached = targets.has(node) || node.inputs.some((input) => reaches.get(input));
      reaches.set(node, reached);
      if (reached) order.push(node);
    } else if (!reaches.has(node)) {
      reaches.set(node, false);
      if (node.op === 'stopGradient' || !isFloating(node.dtype)) {
        if (targets.has(node)) {
          reaches.set(node, true);
          order.push(node);
        }
        continue;
      }
      stack.push({ node, expanded: true });
      for (const input of node.inputs) stack.push({ node: input, expanded: false });
    }
  }
  // Creation order is topological; its reverse visits every consumer before what it consumes.
  return new Set(order.sort((a, b) => b.id - a.id));
}

/** Second copies of the nodes of recomputation scopes, made as the backward pass asks for them. */
class Recomputation {
  private readonly copies = new Map<Tensor, Tensor>();
  private readonly waiting = new Map<string, Map<Tensor, Tensor>>();
  private readonly triggers = new Map<string, Tensor>();
  /** What is not there before the gradient of its scope: so no copy among these equals its original. */
  private readonly waits = new Set<Tensor>();

  /** `node` as its derivative rule may use it: inside a recomputation scope, a copy that is computed again. */
  view(node: Tensor, g: Tensor): Tensor {
    if (node.region === undefined) return node;
    // The first gradient that arrives inside a scope is that of its result.
    if (!this.triggers.has(node.region)) this.triggers.set(node.region, g);
    return this.copy(node, node.region);
  }

  /** A copy of a node and of all that it reads inside the scope. */
  private copy(node: Tensor, region: string): Tensor {
    // An explicit stack, as above: a scope may be deep.
    const stack = [node];
    for (let next = stack.at(-1); next; next = stack.at(-1)) {
      const missing = next.inputs.filter((input) => input.region === region && !this.copies.has(input));
      if (missing.length > 0) {
        stack.push(...missing.reverse());
        continue;
      }
      if (!this.copies.has(next)) this.copies.set(next, this.remake(next, region));
      stack.pop();
    }
    return present(this.copies.get(node), 'the copy of a node');
  }

  private remake({ op, inputs, attributes, scope }: Tensor, region: string): Tensor {
    const operands = inputs.map((input) => this.copies.get(input) ?? this.wait(input, region));
    if (!operands.some((operand) => this.waits.has(operand))) {
      // Made of leaves alone, the copy would equal its original, which would then be kept after all: hold back a leaf that
      // is given. What is made of constants alone may well be kept.
      const given = inputs.findIndex(({ op: leaf }) => leaf === 'input' || leaf === 'state');
      const leaf = inputs[given];
      if (leaf) operands[given] = this.hold(leaf, region);
    }
    const copy = withContext({ scope, region: undefined }, () => makeTensor(op, operands, attributes));
    if (operands.some((operand) => this.waits.has(operand))) this.waits.add(copy);
    return copy;
  }

  /** What enters a scope, held back until the backward pass has come to the scope. */
  private wait(node: Tensor, region: string): Tensor {
    // Leaves are there all the time: holding them back would save nothing.
    return node.inputs.length === 0 ? node : this.hold(node, region);
  }

  private hold(node: Tensor, region: string): Tensor {
    const trigger = present(this.triggers.get(region), 'the gradient of a scope');
    let held = this.waiting.get(region);
    if (!held) {
      held = new Map();
      this.waiting.set(region, held);
    }
    const known = held.get(node);
    if (known) return known;
    const waited = withContext({ scope: node.scope, region: undefined }, () => after(node, trigger));
    held.set(node, waited);
    this.waits.add(waited);
    return waited;
  }
}
