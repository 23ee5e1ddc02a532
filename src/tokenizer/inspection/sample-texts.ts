/** A short text of one kind, to see how well a vocabulary suits that kind. */
export interface SampleText {
  readonly kind: string;
  readonly text: string;
}

const sample = (kind: string, text: string): SampleText => ({ kind, text: text.slice(1) });

/** Texts of many kinds, half a kilobyte to two each, written for this list. */
export const sampleTexts: readonly SampleText[] = [
  sample(
    'English prose',
    `
The harbour had been quiet since the ferry stopped running in the autumn. Nora walked down the long stone pier every
morning before the shops opened, past the coils of rope and the overturned boats, and counted the gulls on the roof of the
customs house. There were never fewer than nine. On the last day of October she counted thirty, and it occurred to her that
something beyond the headland must have driven them in.

She was right about that, though it took the rest of the town until evening to notice. The storm came without much wind at
first. The light turned the colour of weak tea, the sea grew oily and slow, and the bells on the outer buoys, which usually
quarrelled with each other all day long, fell silent one after another. By the time the first wave broke across the road,
most people had carried their carpets upstairs and were standing at their windows with candles, as their grandparents would
have done, waiting to see how much of the night they would be allowed to keep.
`,
  ),
  sample(
    'Dialogue',
    `
"You're late," said Marta, without looking up from the engine.

"I'm not late, you're early. It's ten to six!"

"We said half past five. I wrote it on your hand, remember?"

He looked at his hand. "Well... it's washed off."

"Then why'd you come at all?"

"Because I couldn't sleep. Could you?"

She wiped her fingers on a rag and thought about it. "No," she said. "I don't suppose anybody could. Hold this. No, the
other end. Don't let go until I tell you."

"What happens if I let go?"

"You won't want to find out, that's what happens."
`,
  ),
  sample(
    'TypeScript',
    `
import { readFile } from 'node:fs/promises';

export interface Station {
  readonly id: string;
  readonly name: string;
  readonly position: readonly [latitude: number, longitude: number];
  readonly opened?: Date;
}

/** Reads stations from a file with one JSON object a line; lines that begin with # are comments. */
export async function readStations(path: string, limit = Number.POSITIVE_INFINITY): Promise<Station[]> {
  const stations: Station[] = [];
  for (const [index, line] of (await readFile(path, 'utf8')).split('\\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const value: unknown = JSON.parse(line);
    if (!isStation(value)) throw new TypeError(\`line \${index + 1} of \${path} is no station\`);
    if (stations.push(value) >= limit) break;
  }
  return stations;
}

function isStation(value: unknown): value is Station {
  return typeof value === 'object' && value !== null && 'id' in value && Array.isArray((value as Station).position);
}

export const byName = (a: Station, b: Station): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
`,
  ),
  sample(
    'Python',
    `
from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from dataclasses import dataclass, field


@dataclass
class Inventory:
    """What is on the shelves, by aisle."""

    capacity: int = 100
    items: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, aisle: str, name: str, amount: int = 1) -> None:
        if amount <= 0:
            raise ValueError(f"amount is {amount!r}, expected a positive number")
        if self.total() + amount > self.capacity:
            raise OverflowError("the shelves are full")
        self.items[aisle][name] += amount

    def total(self) -> int:
        return sum(sum(counter.values()) for counter in self.items.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--capacity", type=int, default=100)
    arguments = parser.parse_args()
    inventory = Inventory(capacity=arguments.capacity)
    for index in range(10):
        inventory.add(aisle=f"A{index % 3}", name="lamp", amount=index + 1)
    print({aisle: counter.most_common(2) for aisle, counter in inventory.items.items()})


if __name__ == "__main__":
    main()
`,
  ),
  sample(
    'JSON',
    `
{
  "order": {
    "id": "ord_7f3a91c2",
    "created_at": "2025-03-14T09:26:53Z",
    "customer": { "id": 48213, "name": "Ines Hartmann", "email": "ines@example.org", "newsletter": false },
    "lines": [
      { "sku": "TEA-0412", "title": "Darjeeling, first flush", "quantity": 2, "unit_price": 14.5, "tags": ["tea", "loose"] },
      { "sku": "CUP-0007", "title": "Stoneware cup", "quantity": 4, "unit_price": 9.0, "tags": [] }
    ],
    "shipping": { "method": "standard", "address": { "street": "Mill Lane 3", "city": "Norwich", "zip": "NR3 1AB" } },
    "discount": null,
    "total": 65.0
  }
}
{"level":"info","ts":1741944413.202,"msg":"payment accepted","order":"ord_7f3a91c2","attempt":1,"ok":true}
{"level":"warn","ts":1741944420.881,"msg":"label printer is slow","order":"ord_7f3a91c2","ms":1873,"ok":true}
`,
  ),
  sample(
    'Markdown',
    `
# Growing mushrooms at home

A short guide for people with **little light** and *even less patience*. You will need:

- a bucket with a lid, washed with hot water
- 2 kg of straw, cut into pieces of 3 to 5 cm
- spawn (see [where to buy it](https://example.org/spawn))

## Steps

1. Soak the straw in water of 70 °C for an hour.
2. Let it drain until a handful gives only a drop or two.
3. Mix in the spawn, fill the bucket, and press gently.

> Never open the lid during the first ten days, however curious you are.

| week | what you see      | what to do     |
| ---: | :---------------- | :------------- |
|    1 | nothing           | wait           |
|    2 | white threads     | wait           |
|    3 | small pink knobs  | spray \`2x\` a day |

\`\`\`sh
$ sensor --read humidity | tee -a mushrooms.log
\`\`\`
`,
  ),
  sample(
    'HTML',
    `
<!DOCTYPE html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <title>Opening hours &mdash; Town library</title>
    <link rel="stylesheet" href="/assets/main.css?v=31">
  </head>
  <body class="page page--narrow">
    <nav aria-label="Main"><a href="/">Home</a> <a href="/hours" aria-current="page">Hours</a></nav>
    <table id="hours" class="table">
      <tr><th scope="row">Monday</th><td>closed</td></tr>
      <tr><th scope="row">Tuesday</th><td>10:00&ndash;18:00</td></tr>
    </table>
    <p>We are <strong>closed</strong> on public holidays. <button type="button" onclick="notify(this)">Tell me</button></p>
  </body>
</html>
`,
  ),
  sample(
    'Log',
    `
2025-06-02 03:14:07,512 INFO  [worker-3] pool.Connection: opened 10.4.0.17:5432 in 12 ms (id=0x7f2c9a10)
2025-06-02 03:14:07,519 DEBUG [worker-3] sql.Statement: SELECT id, state FROM jobs WHERE state = 'queued' LIMIT 50
2025-06-02 03:14:09,004 WARN  [main] gc.Monitor: pause of 412 ms, heap 1843 MiB of 2048 MiB
2025-06-02 03:14:09,377 ERROR [worker-1] jobs.Runner: job 88213 failed after 3 attempts: java.io.IOException: Broken pipe
\tat jobs.Runner.write(Runner.java:214)
\tat jobs.Runner.run(Runner.java:97)
192.0.2.44 - - [02/Jun/2025:03:14:10 +0000] "GET /api/v2/jobs?state=failed&page=2 HTTP/1.1" 200 5120 "-" "curl/8.7.1"
192.0.2.91 - - [02/Jun/2025:03:14:10 +0000] "POST /api/v2/jobs HTTP/1.1" 503 178 "-" "Mozilla/5.0 (X11; Linux x86_64)"
kernel: [184220.118204] eth0: link is up at 1000 Mbps, full duplex, flow control rx
`,
  ),
  sample(
    'Numbers and dates',
    `
1 2 3 5 8 13 21 34 55 89 144 233 377 610 987 1597 2584 4181 6765 10946
3.14159265358979 2.718281828459045 1.4142135623730951 -0.00012 6.022e23 1.6e-19 0xFF 0b1011 1,234,567.89
1969-07-20 20:17:40 UTC; 04/11/2023; 31.12.1999; 2025-W07; Tue, 14 Mar 2028 23:59:60 GMT
17 + 25 = 42; 999 * 999 = 998001; 144 / 12 = 12; 7 - 19 = -12; 2^64 = 18446744073709551616
+44 20 7946 0018, (555) 010-4477, 4111-2222-3333-4444, ISBN 978-0-306-40615-7, 52.5200 N 13.4050 E
Q1 2024: 18.4%, Q2 2024: 21.9%, Q3 2024: 19.05%, Q4 2024: 23%
`,
  ),
  sample(
    'German',
    `
Der Zug nach Freudenstadt hatte siebenundzwanzig Minuten Verspätung, und niemand auf dem Bahnsteig schien sich darüber zu
wundern. Ein älterer Herr mit grünem Hut faltete seine Zeitung so sorgfältig zusammen, als müsste er sie später wieder
verkaufen. Neben ihm saß ein Mädchen auf einem Koffer, der größer war als sie selbst, und aß Kirschen aus einer Tüte.
»Fährst du auch in die Berge?«, fragte er schließlich. »Nein«, sagte sie, »ich fahre zur Donaudampfschifffahrtsgesellschaft,
meine Tante arbeitet dort in der Fahrkartenkontrolle.« Er lachte, und weil er sehr lange nicht mehr gelacht hatte, klang es
zuerst ein wenig eingerostet, wie ein Gartentor nach dem Winter.
`,
  ),
  sample(
    'French',
    `
La boulangerie du village n’ouvrait qu’à sept heures, mais dès l’aube une odeur de pain chaud descendait la rue jusqu’à la
rivière. Élodie s’arrêtait toujours devant la même fenêtre, celle où dormait le chat gris, et elle lui racontait ce qu’elle
avait rêvé pendant la nuit. Le chat n’écoutait guère ; il bâillait, s’étirait, puis regardait passer les nuages. « Tu ne me
crois pas, n’est-ce pas ? » disait-elle. Elle avait pourtant raison : l’hiver serait long, les chemins disparaîtraient sous
la neige, et l’on parlerait encore longtemps de cette année-là, où même les cloches avaient gelé.
`,
  ),
  sample(
    'Spanish',
    `
Cuando por fin dejó de llover, los niños salieron a la plaza para ver qué había traído el río. Había ramas, zapatos, una
silla sin patas y, justo en medio de la fuente, un piano cubierto de barro. «¿De quién será?», preguntó la más pequeña. El
alcalde, que llevaba tres días sin dormir, se encogió de hombros. Alguien levantó la tapa y tocó una tecla; el sonido salió
ronco, como si el instrumento estuviera resfriado, pero todos aplaudieron. Desde aquel día, cada vez que el cielo se ponía
gris, en el pueblo no se hablaba de la tormenta sino de la música que vendría después.
`,
  ),
  sample(
    'Russian',
    `
Старый трамвай медленно поднимался в гору, и на каждом повороте у него звенели стёкла. Кондуктор знал всех пассажиров по
имени, а тех, кого не знал, угощал яблоком из своей сумки. Сегодня на задней площадке стоял незнакомый мальчик с клеткой, в
которой сидела сорока. «Куда вы едете?» — спросил кондуктор. «До конечной, — ответил мальчик. — Она оттуда родом, и ей пора
возвращаться». Никто не засмеялся. За окном начинался снег, первый в этом году, и город внизу становился тихим и светлым,
словно его только что нарисовали.
`,
  ),
  sample(
    'Chinese',
    `
山脚下有一家很小的茶馆，门口挂着一盏旧灯笼。老板姓陈，今年七十二岁，每天早上五点起床烧水。来喝茶的人不多，大多是上山采药的邻居，
偶尔也有迷路的游客。有一天下午，一个年轻人背着画板走进来，说想画一画窗外的那棵银杏树。陈老板笑了笑，说：“树有什么好画的？它比我还
老，脾气也比我大。”年轻人没有回答，只是坐下来，慢慢地画到天黑。临走时，他把画留在了桌上，画里没有树，只有一个正在烧水的老人。
`,
  ),
  sample(
    'Japanese',
    `
駅前の古い時計店は、来月で閉店することになった。店主の森さんは四十年間、毎朝八時にすべての時計のねじを巻いてきた。「急がなくても、
時間はちゃんと来るからね」というのが口ぐせで、子どもたちはそのたびに笑った。最後の日、町の人々は自分の家にある止まった時計を持って
集まった。森さんは一つ一つ丁寧にフタを開け、ピンセットで小さな歯車を直していく。夕方になると、店じゅうの時計がいっせいに鳴り始め、
まるで長い演奏会の終わりのようだった。
`,
  ),
  sample(
    'Korean',
    `
할머니의 부엌에는 언제나 보리차 끓는 소리가 났다. 겨울이 되면 우리는 아랫목에 둘러앉아 군고구마를 먹으며 옛날이야기를 들었다. “그때는
말이야, 눈이 지붕까지 쌓였단다.” 동생은 믿지 않는다는 듯 고개를 저었지만, 나는 창밖을 내다보며 하얗게 덮인 마을을 상상했다. 지금도
보리차 냄새를 맡으면 그 방의 온기와 시계 소리, 그리고 할머니의 느린 목소리가 함께 떠오른다.
`,
  ),
  sample(
    'Arabic',
    `
كان في آخر السوق دكان صغير يبيع الخرائط القديمة، ولم يكن أحد يعرف من أين يأتي بها صاحبه. دخلت سلمى ذات صباح تبحث عن خريطة
لقريتها، فابتسم الرجل العجوز وقال: «القرى لا تُرسم، يا ابنتي، بل تُحكى». ثم جلس وروى لها كيف كان النهر يمر بين البيوت، وكيف
كانت النساء يغسلن الصوف عند الجسر، وكيف زُرعت أول شجرة زيتون. وعندما انتهى من كلامه، وجدت سلمى أنها قد رسمت كل ذلك في دفترها
من غير أن تنتبه.
`,
  ),
  sample(
    'Hindi',
    `
गाँव के बीचोंबीच एक पुराना कुआँ था, जिसके पास शाम को सब लोग इकट्ठा होते थे। मीरा को वहाँ बैठकर कहानियाँ सुनना बहुत अच्छा लगता
था। एक दिन उसने दादाजी से पूछा, “क्या इस कुएँ का पानी कभी खत्म होगा?” दादाजी ने मुस्कुराकर कहा, “जब तक लोग एक-दूसरे के लिए
बाल्टी खींचते रहेंगे, तब तक नहीं।” उस रात बारिश हुई, और सुबह मीरा ने देखा कि कुएँ के चारों ओर छोटे-छोटे पीले फूल खिल गए हैं।
`,
  ),
  sample(
    'Emoji and symbols',
    `
Weekend plans: 🏖️ + 🍦 = 😍!!! Who's in? 🙋‍♀️🙋🏽‍♂️🙋 … RSVP ➡️ reply with 👍🏿 or 👎🏻 (no ❓ please 😅)
∀ε > 0 ∃δ > 0: |x − a| < δ ⇒ |f(x) − f(a)| < ε;  ∑ᵢ xᵢ² ≤ ∫₀^∞ e^(−t²) dt = √π⁄2;  A ∩ B ⊆ A ∪ B, ∂u/∂t = κ∇²u
♜♞♝♛♚♝♞♜ | ♩♪♫♬ | ☀☁☂☃ | ★☆✓✗✔ | ←↑→↓↔ | €£¥₹₿ | ½⅓¼ | ©®™ § ¶ † ‡ • ‰ | ┌─┬─┐ │░▒▓█│ └─┴─┘
👨‍👩‍👧‍👦 🇯🇵🇧🇷🇰🇪 🏴‍☠️ ¯\\_(ツ)_/¯ (╯°□°)╯︵ ┻━┻ ʕ•ᴥ•ʔ ~(˘▾˘~)
`,
  ),
];
