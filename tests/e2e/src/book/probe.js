// SPDX-License-Identifier: GPL-2.0

// Looks for what is wrong with a page: errors of scripts, files that are missing, pictures without
// content, and elements beyond the right edge that no one can scroll to.

const problems = [];

addEventListener("error", event => {
	const file = event.target.src || event.target.href;

	problems.push(file ? `no ${file}` : event.message);
}, true);

function scrolls(element) {
	return element.tagName !== "MAIN" &&
		(/auto|scroll/.test(getComputedStyle(element).overflowX) || scrolls(element.parentElement));
}

function examine() {
	for (const image of document.images) {
		if (!image.naturalWidth)
			problems.push(`${image.src} is empty`);
	}
	for (const element of document.querySelectorAll("main *")) {
		if (element.getBoundingClientRect().right > innerWidth + 1 && !scrolls(element))
			problems.push(`cut off: ${element.tagName} ${element.textContent.trim().slice(0, 60)}`);
	}

	const root = document.documentElement.dataset;

	root.problems = JSON.stringify(problems);
	root.found = document.querySelectorAll("#searchresults li").length;
}

addEventListener("load", () => setTimeout(examine, 2000));
