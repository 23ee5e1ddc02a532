/**
 * Words that the English splitter cuts, or leaves whole, against its own rules: contractions (`don't` = `do` + `n't`),
 * abbreviations (`Mr.`), times (`5pm` = `5` + `pm`) and emoticons. The inventory is that of spaCy 3.8 for English.
 */
function addForms(table: Map<string, number[]>, stems: string, endings: string): void {
  for (const stem of stems.split(' ')) {
    for (const form of [stem, stem.charAt(0).toUpperCase() + stem.slice(1)]) {
      for (const ending of endings.split(' ')) {
        const parts = [form, ...ending.split('+')];
        table.set(
          parts.join(''),
          parts.map((part) => part.length),
        );
      }
    }
  }
}

const negations = 'ca could do does did had may might must need ought sha should wo would';
const abbreviations =
  'Mt. Ak. Ala. Apr. Ariz. Ark. Aug. Calif. Colo. Conn. Dec. Del. Feb. Fla. Ga. Ia. Id. Ill. Ind. Jan. Jul. Jun. Kan. ' +
  'Kans. Ky. La. Mar. Mass. Mich. Minn. Miss. N.C. N.D. N.H. N.J. N.M. N.Y. Neb. Nebr. Nev. Nov. Oct. Okla. Ore. Pa. ' +
  'S.C. Sep. Sept. Tenn. Va. Wash. Wis. a.m. Adm. Bros. co. Co. Corp. D.C. Dr. e.g. E.g. E.G. Gen. Gov. i.e. I.e. I.E. ' +
  'Inc. Jr. Ltd. Md. Messrs. Mo. Mont. Mr. Mrs. Ms. p.m. Ph.D. Prof. Rep. Rev. Sen. St. vs. v.s. ä. ö. ü. ' +
  'a. b. c. d. e. f. g. h. i. j. k. l. m. n. o. p. q. r. s. t. u. v. w. x. y. z.';
const wholeWords =
  "'d 's 'S 're 'Cause 'cause 'cos 'Cos 'coz 'Coz 'cuz 'Cuz 'bout 'em 'll 'nuff em ll nuff and/or w/o ma'am Ma'am " +
  "o'clock O'clock ' '' — C++ <space> \\t \\n \\\")";
const clipped = 'doin goin nothin nuthin ol somethin lovin havin';
const emoticons =
  ':) :-) :)) :-)) :))) :-))) (: (-: =) (= :] :-] [: [-: [= =] :o) (o: :} :-} 8) 8-) (-8 ;) ;-) (; (-; :( :-( :(( :-(( ' +
  ":((( :-((( ): )-: =( >:( :') :'-) :'( :'-( :/ :-/ =/ =| :| :-| ]= =[ :1 :P :-P :p :-p :O :-O :o :-o :0 :-0 :() >:o " +
  ':* :-* :3 :-3 =3 :> :-> :X :-X :x :-x :D :-D ;D ;-D =D xD XD xDD XDD 8D 8-D ^_^ ^__^ ^___^ >.< >.> <.< ._. ;_; -_- ' +
  '-__- v.v V.V v_v V_V o_o o_O O_o O_O 0_o o_0 0_0 o.O O.o O.O o.o 0.0 o.0 0.o @_@ <3 <33 <333 </3 (^_^) (-_-) (._.) ' +
  '(>_<) (*_*) (¬_¬) ಠ_ಠ ಠ︵ಠ (ಠ_ಠ) ¯\\(ツ)/¯ (╯°□°）╯︵┻━┻ ><(((*>';
/** Contractions without an apostrophe that are words of their own: they stay whole. */
const ownWords = 'Ill ill Its its Hell hell Shell shell Shed shed were Were Well well Whore whore';

function build(): Map<string, number[]> {
  const table = new Map<string, number[]>();
  addForms(table, 'i', "'m m 'm+a m+a");
  addForms(table, 'i you he she it we they', "'ll ll 'll+'ve ll+ve 'd d 'd+'ve d+ve");
  addForms(table, 'i you we they', "'ve ve");
  addForms(table, 'you we they', "'re re");
  addForms(table, 'he she it', "'s s");
  addForms(table, 'who what when where why how there that this these those', "'ll ll 'll+'ve ll+ve 'd d 'd+'ve d+ve");
  addForms(table, 'who what when where why how there that this', "'s s");
  addForms(table, 'who what when where why how there these those', "'re re 've ve");
  addForms(table, negations, "n't nt n't+'ve nt+ve");
  addForms(table, 'could might must should would', "'ve ve");
  addForms(table, 'ai are is was were have has dare', "n't nt");
  addForms(table, 'not', "'ve ve");
  addForms(table, 'can', 'not');
  addForms(table, 'gon', 'na');
  addForms(table, 'got', 'ta');
  addForms(table, 'let', "'s");
  addForms(table, "c'm", 'on');
  addForms(table, 'how', "'d+'y");
  for (const [word, lengths] of [
    ["y'all", [2, 3]],
    ['yall', [1, 3]],
  ] as const)
    table.set(word, [...lengths]);
  for (let hour = 1; hour <= 12; hour++) {
    const digits = String(hour).length;
    for (const half of ['a.m.', 'am', 'p.m.', 'pm']) table.set(`${hour}${half}`, [digits, half.length]);
  }
  for (const word of `${abbreviations} ${wholeWords} ${emoticons} ‘S ‘s`.split(' ')) table.set(word, [word.length]);
  for (const word of clipped.split(' ')) {
    for (const form of [word, word.charAt(0).toUpperCase() + word.slice(1)]) {
      table.set(form, [form.length]);
      table.set(`${form}'`, [form.length + 1]);
    }
  }
  for (const unit of 'cfkCFK') table.set(`°${unit}.`, [1, 1, 1]);
  for (const word of ownWords.split(' ')) table.delete(word);
  for (const [word, lengths] of [...table]) {
    if (word.includes("'")) table.set(word.replaceAll("'", '’'), lengths);
  }
  return table;
}

/** Word → lengths of its parts in UTF-16 units. */
export const englishExceptions: ReadonlyMap<string, readonly number[]> = build();

/** Length of the longest of them: nothing longer need be looked up. */
export const longestException: number = Math.max(...[...englishExceptions.keys()].map((word) => word.length));
