const words = (line: string): readonly string[] => line.split(' ');

/** Thirty names with the pronoun "she". Together with HE_NAMES: sixty names, drawn equally often. */
export const SHE_NAMES = words(
  'Anna Lucy Tess Maya Olive Mary Emma Sara Nina Rosa Clara Julia Alice Ella Ruby Nora Iris Lena Molly Hannah Sofia Eva Daisy Grace Zoe Lily Jane Kate Helen Wendy',
);

/** Thirty names with the pronoun "he". */
export const HE_NAMES = words(
  'Tom Ben David Kevin Felix John Peter Oscar Max Leo Sam Henry Jack Paul Simon Hugo Oliver Adam Victor Walter Martin Frank George Albert Daniel Lucas Noah Theo Bruno Carl',
);

/** All sixty names. */
export const NAMES: readonly string[] = [...SHE_NAMES, ...HE_NAMES];

/** Word lists that belong to no topic, by the slot name that templates use. */
export const LISTS: Readonly<Record<string, readonly string[]>> = {
  animal: words(
    'cat dog rabbit horse mouse duck frog turtle parrot pony bear wolf lion monkey elephant pig hamster kitten puppy goose',
  ),
  food: words(
    'soup bread cheese salad pie cake rice pasta stew pizza pancake sandwich omelet curry porridge pudding',
  ),
  ingredient: words(
    'tomato onion carrot potato garlic pepper spinach tofu mushroom bean corn cabbage pumpkin lemon butter cream flour sugar salt honey milk oil',
  ),
  drink: words('tea coffee juice water milk lemonade cocoa cider'),
  fruit: words('apple pear plum cherry grape peach banana orange lemon berry melon fig'),
  colour: words('red blue green yellow black white brown purple pink orange silver gray'),
  size: words('big small tiny huge little large short long wide thin'),
  feeling: words(
    'happy sad angry proud tired afraid excited lonely surprised nervous glad worried bored grateful jealous calm',
  ),
  relative: words(
    'mother father sister brother uncle aunt cousin grandmother grandfather son daughter friend',
  ),
  day: words('Monday Tuesday Wednesday Thursday Friday Saturday Sunday'),
  month: words('January February March April May June July August September October November December'),
  season: words('spring summer autumn winter'),
  weather: words('sunny rainy windy cloudy foggy snowy stormy warm cold mild hot dry'),
  sky: words('sun moon rain wind snow fog thunder cloud rainbow frost'),
  number: words('two three four five six seven eight nine ten eleven twelve twenty'),
  hour: words('one two three four five six seven eight nine ten eleven twelve'),
  time: words('morning afternoon evening night noon'),
  room: words('kitchen bedroom bathroom attic cellar hall porch cupboard'),
  job: words('cook teacher doctor farmer painter singer baker driver pilot writer dancer lawyer'),
  toy: words('ball doll kite puzzle train drum whistle marble teddy rope'),
  gift: words(
    'book drink cup hat letter ring coin kite scarf basket lamp clock key flower cake apple ticket map watch box picture bag ball pencil bottle',
  ),
  clothes: words('shirt dress hat coat shoe sock scarf jacket sweater belt cap skirt'),
  body: words('hand foot arm leg eye ear nose tail head wing back tooth'),
  material: words('wood stone gold silver glass paper wool iron leather clay'),
  adverb: words('slowly quickly quietly carefully happily sadly softly loudly suddenly gladly'),
  manner: words('gently bravely proudly politely angrily calmly nervously eagerly'),
  town: words(
    'Oakville Riverton Millbrook Westport Lakeside Greenhill Stonebridge Fairview Northfield Ashford Maplewood Brighton',
  ),
  saying: words('said whispered shouted replied answered cried called laughed muttered explained'),
  liking: words('liked loved wanted needed hated missed'),
  moving: words('walked ran hurried rushed went jumped wandered drove'),
  finding: words('found saw noticed lost took hid carried dropped touched opened'),
  game: words('chess tag cards football tennis darts'),
};
