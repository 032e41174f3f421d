"use strict";
(function () {
  var drawings = JSON.parse(document.getElementById("drawings").textContent);
  var places = [];
  Object.keys(drawings).forEach(function (id) {
    var place = document.getElementById(id);
    Plotly.newPlot(place, drawings[id].data, drawings[id].layout, {displayModeBar: false, responsive: true});
    places.push(place);
  });
  function fit() { places.forEach(function (place) { Plotly.Plots.resize(place); }); }
  window.addEventListener("beforeprint", fit);
  window.addEventListener("afterprint", fit);
  function unfold() {
    var place = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (place && place.tagName === "DETAILS") { place.open = true; place.scrollIntoView(); }
  }
  window.addEventListener("hashchange", unfold);
  unfold();
})();
