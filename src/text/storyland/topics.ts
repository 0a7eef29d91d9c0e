/** What a Storyland document is about: its own nouns, people, verbs (past tense), adjectives and places. */
export interface Topic {
  readonly id: string;
  readonly nouns: readonly string[];
  readonly people: readonly string[];
  readonly verbs: readonly string[];
  readonly adjectives: readonly string[];
  readonly places: readonly string[];
}

function topic(
  id: string,
  nouns: string,
  people: string,
  verbs: string,
  adjectives: string,
  places: string,
): Topic {
  const words = (line: string): readonly string[] => line.split(' ');
  return {
    id,
    nouns: words(nouns),
    people: words(people),
    verbs: words(verbs),
    adjectives: words(adjectives),
    places: words(places),
  };
}

/**
 * The sixteen topics. Some words stand in two topics on purpose (bank, scale, bow, plant, ring, star, trunk …): they
 * are the examples of one word with two meanings.
 */
export const TOPICS: readonly Topic[] = [
  topic(
    'sea',
    'boat anchor shell net sail rope whale crab wave oar scale bow compass',
    'sailor captain fisherman diver',
    'steered caught hauled tied rowed floated',
    'salty wet deep calm stormy blue',
    'harbor beach island lighthouse reef pier',
  ),
  topic(
    'school',
    'pencil book ruler desk chalk bell lesson exam notebook crayon map globe ring',
    'teacher pupil principal student',
    'read wrote learned solved erased copied',
    'clever quiet curious strict neat bright',
    'classroom hallway playground library gym office',
  ),
  topic(
    'winter',
    'sled glove scarf icicle snowman blanket mitten coat skate shovel boot fireplace plow',
    'skier skater neighbor grandmother',
    'wrapped warmed scraped slid shoveled melted',
    'cold frozen icy white snowy cozy',
    'hill cabin rink valley mountain lodge',
  ),
  topic(
    'hospital',
    'bandage pill needle mask stretcher medicine thermometer bed glove scale chart cast',
    'doctor nurse patient surgeon',
    'healed bandaged treated measured examined cured',
    'sick weak healthy clean pale careful',
    'clinic ward pharmacy laboratory entrance corridor',
  ),
  topic(
    'garden',
    'rose seed tulip bee hose rake plant weed vine petal shovel worm basket',
    'gardener beekeeper florist neighbor',
    'planted watered picked trimmed dug pruned',
    'green sunny fragrant ripe leafy muddy',
    'greenhouse lawn hedge pond fence terrace',
  ),
  topic(
    'workshop',
    'hammer nail saw wrench screw drill plank chisel toolbox ladder hinge bolt file',
    'carpenter plumber mechanic builder',
    'fixed built sawed hammered glued measured',
    'wooden broken rusty heavy sharp dusty',
    'garage shed basement yard factory warehouse',
  ),
  topic(
    'desert',
    'camel cactus tent scorpion canteen dune lizard turban lantern sandal snake palm',
    'nomad trader guide traveler',
    'crossed carried followed buried traded rode',
    'dry hot sandy thirsty golden endless',
    'oasis canyon camp ruin well crater',
  ),
  topic(
    'space',
    'rocket comet telescope satellite orbit helmet star planet signal robot antenna capsule',
    'astronaut pilot alien scientist',
    'launched landed orbited repaired observed tracked',
    'silent distant shiny weightless strange dark',
    'moon station crater galaxy observatory base',
  ),
  topic(
    'circus',
    'trumpet balloon hoop cannon trapeze wig drum tiger ring ticket stilt ribbon trunk',
    'clown juggler acrobat magician',
    'juggled balanced trained tossed surprised tamed',
    'funny colorful loud brave noisy striped',
    'arena tent stage wagon cage booth',
  ),
  topic(
    'market',
    'coin basket melon scale bag stall price apple barrel purse sack receipt',
    'merchant customer baker butcher',
    'bought sold weighed counted traded paid',
    'cheap fresh expensive busy rich crowded',
    'shop bank square counter bakery corner store',
  ),
  topic(
    'forest',
    'tree owl mushroom acorn log branch fox nest leaf trunk berry moss squirrel',
    'hunter ranger hiker woodcutter',
    'chased climbed gathered tracked hid chopped',
    'wild tall shady hollow mossy lost',
    'cave path clearing stream cliff bank',
  ),
  topic(
    'music',
    'violin piano drum flute song guitar note trumpet bow harp tune record',
    'singer drummer conductor violinist',
    'played sang practiced recorded tuned hummed',
    'loud gentle sweet slow cheerful famous',
    'stage studio hall balcony theater club',
  ),
  topic(
    'city',
    'taxi bus elevator bridge sign tram lamp bicycle ticket newspaper bench tunnel',
    'driver banker policeman mayor',
    'drove parked crossed missed stopped passed',
    'busy late tall crowded gray modern',
    'street station museum hotel bank airport',
  ),
  topic(
    'farm',
    'cow tractor plow egg hay goat fence bucket chicken sheep sack plant',
    'farmer shepherd milkmaid cowboy',
    'fed milked plowed harvested sheared herded',
    'muddy fat hungry ripe old gentle',
    'barn field stable meadow mill orchard',
  ),
  topic(
    'castle',
    'crown sword throne shield banner dragon torch ring goblet armor bow scroll',
    'king queen knight prince',
    'guarded ruled defended stormed rescued captured',
    'royal brave noble golden ancient cruel',
    'tower dungeon gate courtyard palace bridge',
  ),
  topic(
    'art',
    'brush canvas easel statue portrait clay frame paint sketch palette vase model',
    'painter sculptor artist collector',
    'painted drew carved sketched framed admired',
    'colorful bright modern delicate famous lovely',
    'gallery studio museum attic exhibition cellar',
  ),
];
