// What every page does when scripts run: local times, live parts, the tree, the time slider.
import { start as startParts } from "./parts.js";
import { start as startLive } from "./live.js";
import { start as startTree } from "./tree.js";
import { start as startSlider } from "./slider.js";
import { localise } from "./times.js";

localise(document);
startParts();
startTree();
startSlider();
startLive();
