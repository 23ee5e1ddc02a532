import { onnxEngine } from './src/engine/index.ts';
import { recipeNamed, traceTrainingStep } from './src/recipe/index.ts';
const [L,D]=process.argv.slice(2).map(Number);
const r=recipeNamed('baseline'); const size={vocabularySize:8192,contextLength:128,numLayers:L!,width:D!};
let t=performance.now(); const lap=(n:string)=>{const x=performance.now(); console.log(n,(x-t).toFixed(0)); t=x;};
const m=r.model(size); const p=traceTrainingStep(m,r.optimizer({size,batchTokens:1024,numSteps:100}),{microBatchSize:8}); lap('trace');
console.log('nodes',p.nodes.length, Object.values(m.parameters).reduce((s,q)=>s+q.shape.reduce((a,b)=>a*b,1),0));
const e=await onnxEngine('cpu',{numThreads:2}); lap('engine');
const s=await e.load(p); lap('load');
const n=8*128; const inp={tokens:new Int32Array(n),targets:new Int32Array(n),weights:new Float32Array(n).fill(1),scheduleFactor:Float32Array.of(0.1)};
for(let i=0;i<8;i++){await s.run(inp); lap('step');}
