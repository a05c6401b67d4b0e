/**
 * Changes in English. {a_to} and {a_from} are values with their article, {to} and {from} without, {one_to} as one speaks of it ("trousers").
 * Where words depend on the values, english-changes.ts has them.
 */

import type { Wording } from '../wording.js';
import { aboutSeveral } from './agreement.js';
import { englishForms } from './changes.js';
import { englishNoun, isPair } from './nouns.js';

export const englishWording: Wording = {
  language: 'en',
  joins: [' and ', ' and ', ' and ', ', ', ' but ', ' and also '],
  frames: {
    says: [
      ...['{text}', '{text}', '{text}', 'it {text}', 'i want one that {text}', 'the one i mean {text}', 'this one {text}'],
      ...['the {type} {text}', 'one that {text}', 'i am looking for one that {text}'],
    ],
    as: [
      ...['{text}', '{text}', '{text}', 'the same but {text}', 'i want the same but {text}', 'similar but {text}'],
      ...['something similar but {text}', 'the same {type} but {text}', 'a similar {type} but {text}'],
    ],
    asks: ['{text}', '{text}', 'please {text}', 'can you {text}', 'could you {text}'],
  },
  verbs: ['is', 'are', 'has', 'have'],
  prepositions: ['in', 'with', 'without', 'as', 'for', 'of', 'by', 'from', 'at', 'made', 'down'],
  changed: {
    any: {
      says: ['is {to}', 'is {to} instead of {from}', 'is {to} rather than {from}', 'has {to} as its {name}'],
      as: ['{to} instead of {from}', '{to} rather than {from}', '{to}'],
      asks: ['change the {name} to {to}', 'change the {name} from {from} to {to}', 'change {from} to {to}'],
    },
    style: {
      says: ['is {to}', 'has {a_to} style', 'is {to} in style', 'is more {to}', 'is {to} and not {from}'],
      as: ['in {a_to} style', 'more {to}', '{to} rather than {from}'],
      asks: ['make it more {to}', 'change the style to {to}'],
    },
    colour: {
      says: [
        'is {to}',
        'is {to}',
        'is {to} in colour',
        'is {to} instead of {from}',
        'is {to} rather than {from}',
        'is {to} and not {from}',
        'has {a_to} colour',
        'has {a_to} color rather than {from}',
        'comes in {to}',
        'is not {from} but {to}',
      ],
      as: [
        'in {to}',
        'in {to}',
        'in {to} instead of {from}',
        '{to} rather than {from}',
        '{to} not {from}',
        '{to} in colour',
        'the {from} becomes {to}',
      ],
      asks: [
        ...['make it {to}', 'change {from} to {to}', 'change the colour to {to}', 'turn it {to}', 'replace {from} by {to}'],
        'show me {a_to} one',
      ],
    },
    type: {
      says: [
        'is {a_to}',
        'is {one_to}',
        'is {one_to} instead of {one_from}',
        'is {one_to} rather than {one_from}',
        'is {one_to} not {one_from}',
        'is not {one_from} but {one_to}',
        'is {one_to} in the same {kept}',
        'is {one_to} with the same {kept}',
      ],
      as: [
        'as {a_to}',
        '{one_to} instead of {one_from}',
        '{one_to} rather than {one_from}',
        '{one_to}',
        '{one_to} in the same {kept}',
      ],
      asks: [
        'change the {from} to {a_to}',
        'make it {a_to}',
        'replace the {from} with {one_to}',
        'show {one_to} instead',
        'turn the {from} into {one_to}',
        'show {one_to} in the same {kept}',
      ],
    },
    gender: {
      says: [
        'is for {to}',
        'is for {to} instead of {from}',
        'is made for {to}',
        'is made for {to} not {from}',
        'is meant for {to} rather than {from}',
      ],
      as: ['for {to}', 'for {to} instead of {from}', 'for {to} not {from}', 'for {to} rather than {from}'],
      asks: ['make it for {to}', 'change it to one for {to}'],
    },
    usage: {
      says: [
        'is for {to} wear',
        'is for {to} use',
        'is more {to}',
        'is {to} instead of {from}',
        'is less {from} and more {to}',
        'is {to} rather than {from}',
      ],
      as: ['for {to} wear', 'for {to} use', 'more {to}', 'for {to} not {from} wear', '{to} rather than {from}'],
      asks: ['make it more {to}', 'make it {to} not {from}'],
    },
    material: {
      says: ['is made of {to}', 'is {to}', 'is {to} instead of {from}', 'is of {to} not {from}'],
      as: ['in {to}', 'made of {to}', 'of {to} rather than {from}', '{to} not {from}'],
      asks: ['make it of {to}', 'change the {from} to {to}'],
    },
    brand: {
      says: ['is by {to}', 'is from {to}', 'is from {to} instead of {from}', 'is a {to} product'],
      as: ['by {to}', 'from {to}', 'by {to} not {from}', '{to} instead of {from}'],
      asks: ['show the one from {to}', 'change the brand to {to}'],
    },
    season: {
      says: ['is for {to}', 'is for {to} instead of {from}'],
      as: ['for {to}', 'for {to} not {from}'],
      asks: ['make it for {to}'],
    },
    size: {
      says: ['is in size {to}', 'is size {to} instead of {from}'],
      as: ['in size {to}', 'in {to} not {from}'],
      asks: ['change the size to {to}'],
    },
  },
  added: {
    any: {
      says: ['has {to}', 'comes with {to}'],
      as: ['with {to}', 'with {to} too'],
      asks: ['add {to}', 'give it {to}'],
    },
    colour: {
      says: ['has {to} too', 'is also {to}', 'has some {to}'],
      as: ['with some {to}', 'with {to}'],
      asks: ['add {to}', 'add some {to}'],
    },
  },
  removed: {
    any: {
      says: ['has no {from}', 'is without {from}', 'does not have {from}', 'no longer has {from}'],
      as: ['without {from}', 'without the {from}', 'with no {from}'],
      asks: ['remove the {from}', 'leave out the {from}'],
    },
    colour: {
      says: ['has no {from}', 'is no longer {from}'],
      as: ['without {from}', 'without the {from}'],
      asks: ['remove the {from}'],
    },
  },
  more: {
    any: {
      says: ['has more {name}', 'has a higher {name}'],
      as: ['with a higher {name}', 'with more {name}'],
      asks: ['raise the {name}'],
    },
    price: {
      says: ['is more expensive', 'costs more', 'is pricier', 'has a higher price'],
      as: ['at a higher price', 'for more money'],
      asks: ['show a more expensive one'],
    },
    length: { says: ['is longer', 'is not as short'], as: ['longer', 'a longer one'], asks: ['make it longer'] },
    height: { says: ['is higher', 'is taller'], as: ['higher', 'a taller one'], asks: ['make it higher'] },
    width: { says: ['is wider', 'is broader'], as: ['wider'], asks: ['make it wider'] },
    weight: { says: ['is heavier'], as: ['a heavier one'], asks: ['make it heavier'] },
    size: { says: ['is bigger', 'is larger'], as: ['in a bigger size'], asks: ['make it larger'] },
    year: { says: ['is newer', 'is more recent'], as: ['a newer one'], asks: ['show a newer one'] },
  },
  less: {
    any: {
      says: ['has less {name}', 'has a lower {name}'],
      as: ['with a lower {name}', 'with less {name}'],
      asks: ['lower the {name}'],
    },
    price: {
      says: ['is cheaper', 'costs less', 'is less expensive', 'has a lower price'],
      as: ['at a lower price', 'for less money'],
      asks: ['show a cheaper one'],
    },
    length: { says: ['is shorter', 'is not as long'], as: ['shorter', 'a shorter one'], asks: ['make it shorter'] },
    height: { says: ['is lower', 'is not as high'], as: ['lower', 'a lower one'], asks: ['make it lower'] },
    width: { says: ['is narrower', 'is less wide'], as: ['narrower'], asks: ['make it narrower'] },
    weight: { says: ['is lighter', 'weighs less'], as: ['a lighter one'], asks: ['make it lighter'] },
    size: { says: ['is smaller'], as: ['in a smaller size'], asks: ['make it smaller'] },
    year: { says: ['is older', 'is less recent'], as: ['an older one'], asks: ['show an older one'] },
  },
  values: {
    grey: ['grey', 'gray'],
    gray: ['grey', 'gray'],
    'navy blue': ['navy blue', 'navy', 'dark blue'],
    multi: ['multicoloured', 'multicolored', 'in many colours'],
    'off white': ['off white', 'cream'],
    'off-white': ['off white', 'cream'],
    men: ['men', 'a man'],
    women: ['women', 'ladies', 'a woman'],
    male: ['men', 'a man'],
    female: ['women', 'a woman'],
    boys: ['boys', 'a boy'],
    girls: ['girls', 'a girl'],
    unisex: ['everyone', 'men and women', 'unisex wear'],
    checked: ['checked', 'checked', 'checkered', 'plaid'],
    striped: ['striped', 'striped', 'stripy'],
    dotted: ['dotted', 'dotted', 'spotted'],
    zip: ['zip', 'zipper'],
    zipper: ['zipper', 'zip'],
    solid: ['solid', 'plain'],
    tshirts: ['t-shirt', 't-shirt', 'tee', 'tshirt'],
    tshirt: ['t-shirt', 'tee', 'tshirt'],
    't-shirt': ['t-shirt', 'tee', 'tshirt'],
    't-shirts': ['t-shirt', 'tee', 'tshirt'],
  },
  spell: englishNoun,
  formsOf: englishForms,
  several: { of: isPair, text: aboutSeveral },
};
