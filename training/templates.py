"""Everyday sentences from patterns: what texts to be read aloud are made of, in many words.

What is in braces names a list below, a rule of `figures`, or a proper name.
"""

from __future__ import annotations

PATTERNS = (
    "Please {verb} the {noun} before {time}.",
    "Could you {verb} my {noun} {when}?",
    "{name} said that the {noun} was {adjective}.",
    "{name} and {name} will meet {when} at {time}.",
    "I think we should {verb} the {adjective} {noun}.",
    "The {noun} costs {price}.",
    "There are {number} {plural} in the {noun}.",
    "Why did {name} {verb} the {noun}?",
    "Hello {name}, how are you {when}?",
    "Good morning, this is {name} from {place}.",
    "Your {noun} has been {past} to {place}.",
    "We have {number} {plural} and {number} {plural} left.",
    "It was a {adjective} {noun} with {adjective} {plural}.",
    "Have you ever been to {place}?",
    "My {noun} is {adjective}, but yours is {adjective}!",
    "On {date}, {name} {past} a {noun}.",
    "The number is {digits}.",
    "Chapter {short}. The {adjective} {noun}.",
    "{name} lives at {short} {name} Street.",
    "Can you tell me where the {noun} is?",
    "I don't know what the {noun} {past}.",
    "She {past} the {noun} and he {past} the {plural}.",
    "They didn't {verb} it, did they?",
    "What time is it? It is {time}.",
    "Thank you for your {noun}.",
    "No, I have never {past} a {adjective} {noun}.",
    "If you {verb} the {noun}, I will {verb} the {plural}.",
    "Turn {side} after the {noun}, then {verb} the {noun}.",
    "The temperature will reach {short} degrees {when}.",
    "He {past} {short} percent of the {plural}.",
    "Welcome to {place}!",
    "The {place} train leaves at {time} from platform {small}.",
    "Your code is {digits}, and your room is {short}.",
    "Let's {verb} the {noun} together.",
    "{name}'s {noun} is very {adjective}.",
    "The {noun} of the {noun} was {past} in {year}.",
    "You can {verb} it in the {noun} or in the {noun}.",
    "Oh, that is {adjective}!",
    "Dear {name}, we {verb} your {plural} every {noun}.",
    "First {verb} the {noun}; then {verb} the {noun}.",
    "All {plural} must be {past} by {date}.",
    "It's {time} and the {noun} isn't {adjective} yet.",
    "Where is Dr. {name}? Mr. {name} wants to {verb} the {noun}.",
    "We were {adjective}, they were {adjective}.",
)

FIGURES = (
    "{digits}",
    "{phone}",
    "{date}",
    "at {time}",
    "{price}",
    "{number} {plural}",
    "{number} and {number}",
    "{percent} of {number}",
    "{decimal} or {decimal}",
    "{number}, {number}, {number}",
    "The {noun} has {number} {plural} and {number} {plural}.",
    "About {percent} of the {plural} were {past}.",
    "Only {number} of {number} {plural} came.",
    "The {adjective} {noun} is {measure} from the {noun}.",
    "He was {ordinal} and she was {ordinal}.",
    "It is the {ordinal} {noun} on the {side}.",
    "You need {decimal} {plural} for {small} {plural}.",
    "It weighs {measure}, the other {measure}.",
    "We {past} the {noun} for {price}.",
    "The {noun} costs {price}, not {price}.",
    "She owes us {price}, and he {price}.",
    "They {past} {price} in {year}.",
    "{price} and {price}",
    "They raised {price} for the {noun}.",
    "We had {price} left, then {price}.",
    "The {adjective} {noun} is worth {price}.",
    "From {year} to {year} the {noun} was {adjective}.",
    "Born on {date}, {fullname} {past} the {noun} in {year}.",
    "The {noun} opens at {time} and closes at {time}.",
    "It begins on {date} at {time}.",
    "Please call {phone}.",
    "My number is {phone}, ask for {name}.",
    "Bus {short} stops at {short} {surname} Road.",
    "Room {short} is on the {ordinal} floor.",
    "Page {short}, line {small}.",
)
"""Patterns of numbers of all kinds."""

NAMES = (
    "{fullname}",
    "{name}, {name} and {name}",
    "{town}, {town}",
    "{fullname} was born in {town}.",
    "{fullname} and {fullname} {past} the {noun}.",
    "{name} {surname} moved from {town} to {town}.",
    "Mr. {surname} is in {town} with Mrs. {surname}.",
    "Dr. {surname} works with {name} in {town}.",
    "{name} flew to {town}, then to {town}.",
    "Have you met {fullname} from {town}?",
    "Tell {name} that {name} is {adjective}.",
    "{name}, {name} and {name} live in {town}.",
    "The {surname} family has a {noun} near {town}.",
    "{town} is {adjective}, but {town} is {adjective}.",
    "Was it {name} or {name} who {past} the {noun}?",
    "Captain {surname} sailed from {town} to {town}.",
    "{name} and {name} saw {town} {when}.",
    "Good evening, {name}, said {fullname}.",
)
"""Patterns of several names of people and places."""

SPELLED = (
    "{initials}",
    "{initials} and {initials}",
    "The {initials} said that the {noun} was {adjective}.",
    "He works for the {initials} in {town}.",
    "Is it {initials} or {initials}?",
    "Ask the {initials} about the {adjective} {noun}.",
    "Write to {address}.",
    "Go to {address} for the {noun}.",
    "{address}",
)
"""Patterns of what is read letter by letter."""

LISTS = {
    "when": (
        "today tomorrow tonight|this morning|this evening|next week|on Monday|on Tuesday|"
        "on Wednesday|on Thursday|on Friday|on Saturday|on Sunday|in the afternoon|right now|"
        "this year|last night|after lunch|at noon|soon|later|every day"
    ).replace("today tomorrow tonight", "today|tomorrow|tonight"),
    "side": "left|right",
    "place": (
        "London|Paris|Berlin|Chicago|Boston|Texas|California|Scotland|Ireland|England|France|"
        "Germany|Italy|Spain|Japan|China|India|Africa|America|Europe|Canada|Australia|Denver|"
        "New York|Seattle|Florida|the city|the station|the airport|the office|the hospital|"
        "the library|the museum|Oxford|Rome|Vienna|Moscow|Madrid|Sydney|Dublin|the school"
    ),
    "month": (
        "January|February|March|April|May|June|July|August|September|October|November|December"
    ),
    "past": (
        "sold|found|sent|made|opened|closed|written|built|seen|taken|painted|moved|lost|bought|"
        "changed|cleaned|broken|fixed|delivered|called|invited|asked|finished|started|described|"
        "carried|pushed|pulled|dropped|caught|heard|held|kept|left|paid|read|shown|thrown|used|"
        "washed|watched|worn|cut|drawn|fed|planned|counted|covered|loved|hated|missed|stopped"
    ),
    "verb": (
        "open|close|find|send|make|write|build|see|take|paint|move|lose|buy|change|clean|break|"
        "fix|deliver|call|ask|finish|start|describe|carry|push|pull|drop|catch|hear|hold|keep|"
        "leave|pay|read|show|throw|use|wash|watch|wear|cut|draw|feed|plan|count|cover|love|check|"
        "bring|follow|remember|forget|need|want|choose|play|save|share|sell|teach|learn|test|"
        "visit|turn|try|understand|wait for|look at|talk about|think about|pick up|put down"
    ),
    "noun": (
        "house|car|door|window|table|chair|book|letter|phone|computer|picture|garden|river|"
        "mountain|street|road|bridge|train|bus|boat|plane|ticket|dog|cat|horse|bird|fish|tree|"
        "flower|apple|bread|cheese|coffee|tea|water|milk|sugar|dinner|lunch|breakfast|kitchen|"
        "bathroom|bedroom|roof|wall|floor|box|bag|bottle|cup|plate|knife|spoon|shirt|shoe|hat|"
        "coat|dress|child|friend|mother|father|brother|sister|teacher|doctor|student|boss|"
        "neighbor|story|song|game|question|answer|problem|idea|plan|report|meeting|message|"
        "email|order|package|account|password|system|machine|engine|weather|wind|rain|snow|"
        "sun|moon|star|sky|sea|beach|lake|forest|field|farm|village|city|country|school|office|"
        "shop|market|bank|hospital|church|museum|library|station|hotel|restaurant|ball|clock|"
        "watch|lamp|mirror|pencil|paper|stone|fire|ice|king|queen|ship|ring|word|voice|sound"
    ),
    "plural": (
        "houses|cars|doors|windows|books|letters|pictures|flowers|trees|dogs|cats|horses|birds|"
        "children|people|men|women|friends|students|teachers|questions|answers|problems|ideas|"
        "messages|orders|boxes|bags|bottles|plates|shoes|shirts|apples|eggs|potatoes|chairs|"
        "tables|rooms|streets|cities|countries|hours|minutes|days|weeks|months|years|miles|"
        "dollars|pounds|pages|words|songs|games|stars|ships|trains|tickets|stories|voices|keys"
    ),
    "adjective": (
        "big|small|red|green|blue|yellow|black|white|brown|old|new|young|good|bad|happy|sad|"
        "hot|cold|warm|cool|long|short|high|low|fast|slow|early|late|easy|hard|heavy|light|"
        "strong|weak|rich|poor|clean|dirty|empty|full|open|closed|quiet|loud|soft|sharp|sweet|"
        "bitter|fresh|dry|wet|deep|wide|narrow|thick|thin|bright|dark|beautiful|ugly|friendly|"
        "strange|wonderful|terrible|important|different|similar|simple|difficult|possible|"
        "dangerous|safe|tired|hungry|thirsty|angry|afraid|ready|sorry|careful|busy|free|famous|"
        "expensive|cheap|broken|correct|wrong|perfect|special|normal|usual|final|main|whole"
    ),
}
