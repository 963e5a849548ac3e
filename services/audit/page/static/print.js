// Offers to print the document. Without this script the browser's own menu does.
"use strict";

const button = document.getElementById("print");
button.hidden = false;
button.onclick = () => window.print();
