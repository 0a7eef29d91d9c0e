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

/** The twenty topics. A word stands in one topic only, but for those of DOUBLE_MEANINGS. */
export const TOPICS: readonly Topic[] = [
  topic(
    'sea',
    'boat anchor shell net sail rope whale crab oar scale compass ship raft buoy seal octopus shark dolphin pearl starfish lobster canoe wave hook',
    'sailor captain fisherman diver pirate swimmer lifeguard mermaid',
    'steered caught hauled tied rowed sank towed splashed spotted dragged',
    'salty wet deep calm stormy blue slippery sunken foamy misty',
    'harbor beach island lighthouse reef pier bay shore lagoon dock',
  ),
  topic(
    'school',
    'pencil book ruler desk bell notebook crayon map globe note pen bat match eraser backpack lunchbox blackboard textbook calculator folder stapler marker quiz poster',
    'teacher pupil principal student classmate coach tutor janitor',
    'read wrote copied erased studied corrected labeled shared solved underlined',
    'clever quiet curious strict neat bright lazy smart careless polite',
    'classroom hallway playground gym office cafeteria auditorium schoolyard campus dormitory',
  ),
  topic(
    'winter',
    'sled glove scarf icicle snowman blanket mitten coat skate shovel boot fireplace snowball snowflake sweater igloo heater quilt ski sleigh reindeer candle hood snowsuit',
    'skier skater neighbor grandmother grandfather toddler villager snowboarder',
    'wrapped warmed scraped slid shoveled melted froze thawed knitted unpacked',
    'cold frozen icy white snowy cozy chilly frosty woolly shivering',
    'hill cabin rink valley mountain lodge slope glacier village summit',
  ),
  topic(
    'hospital',
    'bandage pill needle mask stretcher medicine thermometer bed chart cast organ nail chest palm pupil crutch wheelchair syringe stethoscope pillow bone ambulance bruise curtain',
    'doctor nurse patient surgeon dentist visitor paramedic pharmacist',
    'healed bandaged treated measured examined cured cleaned tested checked prescribed',
    'sick weak healthy clean pale careful sore feverish dizzy numb',
    'clinic ward pharmacy laboratory entrance corridor reception hospital nursery lobby',
  ),
  topic(
    'garden',
    'rose seed tulip bee hose rake plant weed vine petal worm wheelbarrow bulb flowerpot butterfly snail hedgehog ladybug sunflower sprinkler trowel sprout beehive spade',
    'gardener beekeeper florist botanist landscaper groundskeeper sunbather caretaker',
    'planted watered picked trimmed dug pruned weeded raked sprayed grew',
    'green sunny fragrant leafy blooming thorny sprouting dewy lush wilted',
    'greenhouse lawn hedge pond garden terrace patio fountain flowerbed gazebo',
  ),
  topic(
    'workshop',
    'hammer nail saw wrench screw drill plank chisel toolbox ladder hinge bolt file crane bulb beam engine pipe brick battery pulley clamp gear workbench',
    'carpenter plumber mechanic builder electrician welder apprentice engineer',
    'fixed built sawed hammered glued assembled welded drilled sanded bent',
    'wooden broken rusty heavy sharp dusty sturdy greasy loose rough',
    'garage shed basement yard factory warehouse plant workshop sawmill scrapyard',
  ),
  topic(
    'desert',
    'camel cactus tent scorpion canteen dune lizard turban lantern sandal snake palm vulture skull carpet jug rattlesnake pyramid caravan veil mummy boulder fossil tumbleweed',
    'nomad trader guide traveler sultan archaeologist wanderer chieftain',
    'carried followed buried traded unearthed loaded uncovered abandoned shaded sheltered',
    'dry hot sandy thirsty golden endless scorched parched sunburned barren',
    'oasis canyon camp ruin well temple tomb gorge desert waterhole',
  ),
  topic(
    'space',
    'rocket comet telescope satellite helmet star planet robot antenna capsule beam dish asteroid meteor spaceship shuttle rover laser parachute spacesuit probe screen joystick sensor',
    'astronaut pilot alien scientist astronomer commander inventor stargazer',
    'launched landed orbited repaired observed explored discovered programmed docked scanned',
    'silent distant shiny weightless strange dark starry cosmic lunar unknown',
    'moon crater galaxy observatory base launchpad airlock hangar cockpit spaceport',
  ),
  topic(
    'circus',
    'balloon hoop cannon trapeze wig stilt ribbon tightrope costume spotlight cape wand firework puppet baton trampoline lollipop poodle mustache mirror bowtie megaphone streamer flag',
    'clown juggler acrobat magician ringmaster tamer puppeteer stuntman',
    'juggled balanced tossed spun twirled flipped swallowed hurled bounced waved',
    'funny colorful noisy striped silly daring magical amazing dazzling ridiculous',
    'arena wagon booth ring circus carnival fairground grandstand carousel podium',
  ),
  topic(
    'market',
    'coin basket melon scale bag stall apple barrel purse sack receipt wallet cart crate loaf necklace coupon bundle parcel pineapple rug bracelet cucumber umbrella',
    'merchant customer baker butcher cashier seller shopper grocer',
    'bought sold weighed counted ordered exchanged displayed delivered priced chose',
    'cheap fresh expensive rich costly popular valuable ordinary generous greedy',
    'shop square counter bakery corner store market supermarket aisle mall',
  ),
  topic(
    'forest',
    'tree owl mushroom acorn log branch fox nest leaf trunk berry squirrel track needle deer badger twig stump bush woodpecker root pinecone beetle axe',
    'hunter ranger hiker woodcutter camper lumberjack scout hermit',
    'chased climbed gathered tracked hid chopped collected stalked startled snapped',
    'wild tall shady hollow mossy lost tangled hidden twisted mysterious',
    'cave path clearing stream cliff bank forest trail den waterfall',
  ),
  topic(
    'music',
    'violin piano drum flute guitar note trumpet bow harp record cello clarinet horn organ key microphone banjo accordion tambourine cymbal xylophone saxophone radio speaker',
    'singer drummer conductor violinist pianist composer star guitarist',
    'played practiced recorded tuned strummed rehearsed hummed heard plucked mastered',
    'loud sweet slow cheerful musical soft lively talented graceful squeaky',
    'stage hall balcony theater club bandstand ballroom conservatory disco opera',
  ),
  topic(
    'city',
    'taxi bus elevator sign lamp bicycle newspaper bench motorcycle truck streetlight hydrant mailbox billboard car van stroller scooter skateboard pigeon briefcase phone helicopter doorbell',
    'driver banker policeman mayor firefighter tourist pedestrian reporter',
    'drove parked passed rented blocked replaced installed inspected hailed bumped',
    'busy late crowded gray modern urban polluted impatient electric sleepless',
    'street hotel bank airport plaza skyscraper apartment avenue sidewalk courthouse',
  ),
  topic(
    'farm',
    'cow tractor plow egg goat bucket chicken sheep pitchfork rooster donkey turkey lamb calf bull hen haystack scarecrow trough saddle duckling piglet harness pumpkin',
    'farmer shepherd milkmaid cowboy rancher farmhand horseman miller',
    'fed milked plowed harvested sheared herded raised groomed fenced fattened',
    'muddy fat hungry ripe old gentle stubborn fluffy smelly plump',
    'barn field stable meadow mill orchard pen stall henhouse farmyard',
  ),
  topic(
    'castle',
    'crown sword throne shield banner dragon torch ring goblet scroll bow seal chest key jewel spear lance tapestry cloak drawbridge catapult arrow dagger treasure',
    'king queen knight prince princess ruler wizard jester',
    'guarded defended rescued captured conquered attacked stole enchanted locked claimed',
    'royal brave noble ancient cruel loyal mighty cursed wicked fearless',
    'tower dungeon gate courtyard palace bridge castle moat fortress chapel',
  ),
  topic(
    'art',
    'brush canvas easel statue portrait frame sketch palette vase sculpture mosaic stencil drawing photograph camera collage pastel paintbox sketchbook postcard figurine masterpiece mural stamp',
    'painter sculptor artist collector photographer potter designer critic',
    'painted drew carved sketched framed admired colored molded exhibited photographed',
    'delicate famous lovely creative beautiful abstract elegant decorated vivid artistic',
    'gallery studio museum attic exhibition cellar academy pavilion loft showroom',
  ),
  topic(
    'kitchen',
    'pot pan spoon fork knife plate bowl cup kettle oven dish match toaster jar stove whisk ladle spatula napkin teapot blender apron grater sponge',
    'cook chef waiter waitress guest host helper housekeeper',
    'washed rinsed scrubbed dried filled emptied heated covered stacked served',
    'tasty delicious burnt sticky warm steaming messy spotless spicy crispy',
    'kitchen pantry sink inn cupboard restaurant diner cafe tavern refrigerator',
  ),
  topic(
    'zoo',
    'tiger zebra giraffe elephant hippo kangaroo penguin crocodile trunk bat crane horn ostrich gorilla panda flamingo peacock feather leash tortoise leopard walrus antelope iguana',
    'zookeeper veterinarian trainer biologist volunteer vendor schoolgirl watchman',
    'petted watched freed caged brushed tickled bathed teased trained protected',
    'furry scaly tropical playful fierce exotic rare tame dangerous hairy',
    'zoo cage jungle aquarium enclosure aviary savanna swamp kennel kiosk',
  ),
  topic(
    'railway',
    'train locomotive ticket coach track suitcase whistle tram caboose rail wheel boiler seat clock timetable lever switch brake bumper turnstile trolley handrail window signpost',
    'conductor passenger porter stationmaster inspector commuter signalman attendant',
    'boarded delayed stamped pulled pushed unloaded switched oiled shipped reserved',
    'fast punctual early rapid smoky bumpy rattling mechanical overdue speedy',
    'station platform tunnel crossing railway depot junction compartment terminal footbridge',
  ),
  topic(
    'library',
    'bookmark novel dictionary encyclopedia file atlas magazine shelf comic manuscript bookcase catalog armchair keyboard printer computer envelope page paperback typewriter inkwell pamphlet album biography',
    'librarian reader author editor writer poet scholar bookseller',
    'borrowed returned published printed translated sorted reviewed renewed typed skimmed',
    'wise thoughtful boring interesting serious forgotten hushed fictional illustrated scholarly',
    'library archive bookstore staircase study alcove lounge newsstand vault college',
  ),
];

/** A word that stands in two topics, with a meaning of its own in each. */
export interface DoubleMeaning {
  readonly word: string;
  readonly topics: readonly [string, string];
}

/** Every word with two meanings: a river bank and a bank with money. No other word stands in two topics. */
export const DOUBLE_MEANINGS: readonly DoubleMeaning[] = [
  { word: 'bank', topics: ['forest', 'city'] },
  { word: 'scale', topics: ['sea', 'market'] },
  { word: 'bow', topics: ['music', 'castle'] },
  { word: 'plant', topics: ['garden', 'workshop'] },
  { word: 'ring', topics: ['circus', 'castle'] },
  { word: 'star', topics: ['space', 'music'] },
  { word: 'trunk', topics: ['forest', 'zoo'] },
  { word: 'bat', topics: ['school', 'zoo'] },
  { word: 'crane', topics: ['workshop', 'zoo'] },
  { word: 'seal', topics: ['sea', 'castle'] },
  { word: 'match', topics: ['school', 'kitchen'] },
  { word: 'file', topics: ['workshop', 'library'] },
  { word: 'organ', topics: ['hospital', 'music'] },
  { word: 'note', topics: ['school', 'music'] },
  { word: 'nail', topics: ['hospital', 'workshop'] },
  { word: 'chest', topics: ['hospital', 'castle'] },
  { word: 'horn', topics: ['music', 'zoo'] },
  { word: 'conductor', topics: ['music', 'railway'] },
  { word: 'coach', topics: ['school', 'railway'] },
  { word: 'track', topics: ['forest', 'railway'] },
  { word: 'palm', topics: ['hospital', 'desert'] },
  { word: 'pen', topics: ['school', 'farm'] },
  { word: 'ruler', topics: ['school', 'castle'] },
  { word: 'bulb', topics: ['garden', 'workshop'] },
  { word: 'needle', topics: ['hospital', 'forest'] },
  { word: 'beam', topics: ['workshop', 'space'] },
  { word: 'dish', topics: ['space', 'kitchen'] },
  { word: 'key', topics: ['music', 'castle'] },
  { word: 'stall', topics: ['market', 'farm'] },
  { word: 'pupil', topics: ['school', 'hospital'] },
];
