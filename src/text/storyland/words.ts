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
    'cat dog rabbit horse mouse duck frog turtle parrot pony bear wolf lion monkey pig hamster kitten puppy goose beaver otter raccoon skunk moose llama rhino koala hare swan rat',
  ),
  food: words(
    'soup bread cheese salad pie cake rice pasta stew pizza curry porridge pudding toast chowder jelly spaghetti jam',
  ),
  ingredient: words(
    'tomato onion carrot potato garlic pepper spinach tofu mushroom bean corn cabbage lemon butter cream flour sugar salt honey milk oil celery lettuce broccoli ginger parsley radish pea ham bacon tuna almond coconut yogurt chocolate mustard cinnamon',
  ),
  drink: words('tea coffee juice water milk lemonade cocoa cider soda punch'),
  fruit: words(
    'apple pear plum cherry grape peach banana orange lemon berry melon fig apricot mango raspberry strawberry lime',
  ),
  colour: words(
    'red blue green yellow black white brown purple pink orange silver gray violet turquoise beige',
  ),
  size: words(
    'big small tiny huge little large short long wide thin narrow enormous giant massive gigantic broad slim',
  ),
  feeling: words(
    'happy sad angry proud tired afraid excited lonely surprised nervous glad worried bored grateful jealous calm scared sleepy ashamed confused hopeful joyful upset annoyed delighted content amused relieved homesick embarrassed',
  ),
  relative: words(
    'mother father sister brother uncle aunt cousin grandmother grandfather son daughter friend nephew niece twin grandson granddaughter godmother stepfather stepmother husband wife',
  ),
  day: words('Monday Tuesday Wednesday Thursday Friday Saturday Sunday'),
  month: words('January February March April May June July August September October November December'),
  season: words('spring summer autumn winter'),
  weather: words(
    'sunny rainy windy cloudy foggy snowy stormy warm cold mild hot dry humid breezy gloomy cool drizzly',
  ),
  sky: words(
    'sun moon rain wind snow fog thunder cloud rainbow frost storm hail lightning mist breeze blizzard tornado drizzle',
  ),
  number: words(
    'two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty',
  ),
  hour: words('one two three four five six seven eight nine ten eleven twelve'),
  time: words('morning afternoon evening night day'),
  room: words(
    'kitchen bedroom bathroom attic cellar hall porch cupboard closet nursery hallway lobby pantry den',
  ),
  job: words(
    'cook teacher doctor farmer painter singer baker driver pilot writer dancer lawyer nurse tailor barber plumber soldier detective butler nanny actor judge dentist banker gardener cobbler jeweler spy secretary weaver chemist carpenter',
  ),
  toy: words(
    'ball doll kite puzzle train drum whistle marble teddy rope slingshot dollhouse dinosaur bubble windmill',
  ),
  gift: words(
    'book drink cup hat letter ring coin kite scarf basket lamp clock key flower cake apple ticket map watch box picture bag ball pencil bottle candle card necklace mirror blanket present toy',
  ),
  clothes: words(
    'shirt dress hat coat shoe sock scarf jacket sweater belt cap skirt blouse vest tie robe raincoat cardigan slipper sneaker bonnet suit costume',
  ),
  body: words(
    'hand foot arm leg eye ear nose head back tooth knee elbow shoulder finger thumb toe neck chin cheek wrist ankle stomach lap forehead heel',
  ),
  material: words(
    'wood stone gold silver glass paper wool iron leather clay cotton plastic rubber marble straw concrete wax',
  ),
  adverb: words(
    'slowly quickly quietly carefully happily sadly softly loudly suddenly gladly silently secretly swiftly lazily merrily wearily hastily cautiously boldly',
  ),
  manner: words(
    'gently bravely proudly politely angrily calmly nervously eagerly kindly rudely warmly shyly cheerfully seriously clearly firmly patiently sternly',
  ),
  town: words(
    'Oakville Riverton Millbrook Westport Lakeside Greenhill Stonebridge Fairview Northfield Ashford Maplewood Brighton Redwood Springdale Clearwater Hillcrest',
  ),
  saying: words(
    'said whispered shouted replied answered cried called laughed muttered explained mumbled yelled murmured sighed joked added announced giggled',
  ),
  liking: words('liked loved wanted needed hated missed adored enjoyed preferred disliked'),
  moving: words(
    'walked ran hurried rushed went jumped wandered drove marched raced crept strolled hopped skipped tiptoed crawled galloped',
  ),
  finding: words(
    'found saw noticed lost took hid carried dropped touched opened grabbed lifted held kept kicked',
  ),
  game: words('chess tag cards football tennis darts checkers bingo dominoes marbles charades'),
  snack: words(
    'pancake sandwich omelet muffin cookie waffle pretzel burger taco biscuit cracker sausage doughnut cupcake dumpling bagel meatball',
  ),
  tool: words('hammer saw wrench screwdriver crowbar pickaxe hatchet sickle mallet pliers broom mop'),
  instrument: words('trombone harmonica fiddle lute triangle bugle piano guitar flute drum'),
  vehicle: words('car bus truck bicycle boat train plane airplane submarine ferry yacht tank carriage'),
  furniture: words('table chair sofa couch dresser stool cradle wardrobe hammock rocker crib mattress'),
  flower: words('lilac orchid daffodil marigold carnation poppy bluebell dandelion snowdrop'),
  bird: words('robin sparrow crow eagle hawk raven swallow dove pelican canary stork seagull falcon'),
  insect: words('ant wasp spider mosquito moth dragonfly grasshopper cricket caterpillar firefly'),
  fish: words('salmon trout goldfish herring eel sardine cod'),
  creature: words('giant fairy witch elf dwarf troll ogre ghost monster goblin gnome'),
  shape: words('circle triangle cube cone sphere cylinder oval diamond heart cross spiral rectangle hexagon'),
  metal: words('copper brass steel tin bronze aluminum lead nickel'),
  taste: words('bitter bland creamy juicy peppery fruity buttery sugary minty tangy'),
  quality: words(
    'kind friendly helpful selfish shy cheeky grumpy gentle sincere bossy clumsy foolish sensible bashful moody',
  ),
  sport: words('football tennis baseball basketball volleyball hockey soccer golf badminton'),
  hobby: words(
    'painting reading singing dancing fishing cooking swimming cycling knitting skating gardening sailing hiking camping climbing juggling sewing',
  ),
  subject: words('history geography science music art math biology spelling grammar'),
  event: words(
    'party wedding concert fair parade race picnic festival feast birthday show contest tournament dance funeral meeting game',
  ),
  sound: words('bang splash crash thud knock scream roar squeak click howl buzz'),
  unit: words('seconds minutes hours days weeks months years nights'),
  ordinal: words('first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth'),
  amount: words('thirty forty fifty sixty seventy eighty ninety'),
  often: words('always never often sometimes usually rarely seldom'),
  where: words('behind beside under near above below inside beneath'),
  doing: words(
    'smiled slept waited danced sneezed yawned coughed nodded blinked shivered frowned rested sat wept fainted snored bowed',
  ),
  building: words('house cottage hut mansion school church library bakery garage farmhouse'),
  idea: words(
    'idea dream plan wish secret question story joke promise rule reason memory hope surprise problem trick',
  ),
};
