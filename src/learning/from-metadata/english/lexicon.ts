/** Words of English titles that name an attribute, by what they are about. Several words for one value stand beside it. */
import type { Role } from '../roles.js';

type Values = Readonly<Record<string, readonly string[]>>;

const same = (words: string): Values => Object.fromEntries(words.split(' ').map((word) => [word, [word]]));

/** Role -> value -> how titles write it. */
export const englishLexicon: Readonly<Partial<Record<Role, Values>>> = {
  colour: {
    ...same(
      'red blue green yellow orange purple pink brown beige black white navy maroon olive teal turquoise gold silver cream khaki tan burgundy charcoal lavender magenta mustard peach rust coral mint',
    ),
    grey: ['grey', 'gray'],
    multicoloured: ['multicoloured', 'multicolored', 'multi', 'multicolour', 'multicolor'],
  },
  pattern: {
    ...same('camouflage leopard tartan houndstooth geometric abstract embroidered'),
    striped: ['striped', 'stripe', 'stripes', 'stripy'],
    checked: ['checked', 'check', 'checks', 'plaid', 'checkered', 'gingham'],
    printed: ['printed', 'print', 'graphic'],
    solid: ['solid', 'plain'],
    floral: ['floral', 'flower', 'flowers', 'flowered'],
    dotted: ['dotted', 'polka', 'dots', 'spotted'],
  },
  material: {
    ...same(
      'cotton denim wool silk linen suede canvas velvet lace satin chiffon polyester nylon cashmere fleece steel wooden oak glass ceramic plastic metal',
    ),
    leather: ['leather'],
    knitted: ['knitted', 'knit'],
  },
  sleeve: {
    sleeveless: ['sleeveless'],
    'long sleeves': ['long sleeve', 'long sleeves', 'long sleeved', 'full sleeve', 'full sleeves'],
    'short sleeves': ['short sleeve', 'short sleeves', 'short sleeved', 'half sleeve', 'half sleeves'],
  },
  neckline: {
    'a round neck': ['round neck', 'crew neck', 'crewneck'],
    'a v-neck': ['v neck'],
    'a high neck': ['high neck', 'turtleneck', 'turtle neck', 'rollneck'],
    'a polo collar': ['polo'],
    'a hood': ['hooded', 'hoodie', 'hood'],
  },
  fit: { ...same('slim skinny regular loose oversized relaxed'), fitted: ['fitted'], wide: ['wide leg', 'wide'] },
  gender: {
    men: ['men', 'mens', "men's", 'man'],
    women: ['women', 'womens', "women's", 'woman', 'ladies'],
    boys: ['boys', 'boy', "boy's"],
    girls: ['girls', 'girl', "girl's"],
    kids: ['kids', 'children', 'kid'],
  },
  type: Object.fromEntries(
    (
      't-shirt:t-shirt,tshirt,t-shirts,tshirts,tee shirt:shirt,shirts dress:dress,dresses skirt:skirt,skirts jacket:jacket,jackets coat:coat,coats ' +
      'sweater:sweater,sweaters,jumper,pullover cardigan:cardigan jeans:jeans trousers:trousers,pants shorts:shorts leggings:leggings blouse:blouse top:top,tops ' +
      'shoe:shoe,shoes boot:boot,boots sandal:sandal,sandals sneaker:sneaker,sneakers heel:heels,heel bag:bag,bags handbag:handbag,handbags backpack:backpack,backpacks ' +
      'watch:watch,watches belt:belt,belts wallet:wallet,wallets hat:hat,hats cap:cap,caps scarf:scarf,scarves tie:tie,ties sock:socks sunglasses:sunglasses ' +
      'chair:chair,chairs table:table,tables sofa:sofa,couch lamp:lamp,lamps bed:bed,beds desk:desk,desks shelf:shelf,shelves rug:rug,rugs'
    )
      .split(' ')
      .map((entry) => {
        const [value = '', list = ''] = entry.split(':');
        return [value, list.split(',')];
      }),
  ),
};

/** The roles for which a title that names none of the values says something too: that there is none, as it does with this value. */
export const absenceSays: ReadonlyMap<Role, string> = new Map<Role, string>([['pattern', 'solid']]);

/** Words that say nothing of how a product looks. */
export const emptyWords = new Set(
  'a an and are as at by for from has have in is it its no not of on or our out pack per pcs piece pieces set the this to up very with without your new sale size one two three'.split(
    ' ',
  ),
);
