import { describe, expect, it, test } from 'vitest';
import { porterStem, porterSteps } from './porter-stem.js';

/** The examples that the paper gives beside its rules. */
const examples: Record<keyof typeof porterSteps, string> = {
  step1a: 'caresses:caress ponies:poni ties:ti caress:caress cats:cat',
  step1b:
    'feed:feed agreed:agree plastered:plaster bled:bled motoring:motor sing:sing conflated:conflate troubled:trouble sized:size hopping:hop tanned:tan falling:fall hissing:hiss fizzed:fizz failing:fail filing:file',
  step1c: 'happy:happi sky:sky',
  step2:
    'relational:relate conditional:condition rational:rational valenci:valence hesitanci:hesitance digitizer:digitize conformabli:conformable radicalli:radical differentli:different vileli:vile analogousli:analogous vietnamization:vietnamize predication:predicate operator:operate feudalism:feudal decisiveness:decisive hopefulness:hopeful callousness:callous formaliti:formal sensitiviti:sensitive sensibiliti:sensible',
  step3: 'triplicate:triplic formative:form formalize:formal electriciti:electric electrical:electric hopeful:hope goodness:good',
  step4:
    'revival:reviv allowance:allow inference:infer airliner:airlin gyroscopic:gyroscop adjustable:adjust defensible:defens irritant:irrit replacement:replac adjustment:adjust dependent:depend adoption:adopt homologou:homolog communism:commun activate:activ angulariti:angular homologous:homolog effective:effect bowdlerize:bowdler',
  step5a: 'probate:probat rate:rate cease:ceas',
  step5b: 'controll:control roll:roll',
};

describe.each(Object.entries(examples))('%s', (step, pairs) => {
  it.each(pairs.split(' ').map((pair) => pair.split(':') as [string, string]))('%s becomes %s', (word, becomes) => {
    expect(porterSteps[step as keyof typeof porterSteps](word)).toBe(becomes);
  });
});

test('the steps one after the other', () => {
  const words = 'generalizations oscillators sleeves sleeve darker striped stripes patterned buttons buttoned agreed';
  expect(words.split(' ').map(porterStem)).toEqual(
    'gener oscil sleev sleev darker stripe stripe pattern button button agre'.split(' '),
  );
});

test('words of one or two letters, numbers and other scripts stay as they are', () => {
  for (const word of ['', 's', 'as', 'is', '12', '2x4', 'été', '赤い']) expect(porterStem(word)).toBe(word);
});
