/* The map: the earth around a centre on a plane (azimuthal equidistant, so distance and direction from the centre are true). */

const SVG = "http://www.w3.org/2000/svg";
const EARTH_KM = 6371.0088;
const BADGE = 13;
const rad = (degrees) => (degrees * Math.PI) / 180;

function shape(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  if (text !== undefined) made.textContent = text;
  return made;
}

/* Distance in km and bearing in radians, clockwise from north. */
function course(from, to) {
  const [a, b, d] = [rad(from.lat), rad(to.lat), rad(to.lng - from.lng)];
  const h = Math.sin((b - a) / 2) ** 2 + Math.cos(a) * Math.cos(b) * Math.sin(d / 2) ** 2;
  const bearing = Math.atan2(Math.sin(d) * Math.cos(b), Math.cos(a) * Math.sin(b) - Math.sin(a) * Math.cos(b) * Math.cos(d));
  return { km: 2 * EARTH_KM * Math.asin(Math.min(1, Math.sqrt(h))), bearing };
}

const WINDS = ["north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west"];
const wind = (bearing) => WINDS[((Math.round((bearing * 4) / Math.PI) % 8) + 8) % 8];

/* Numbers side by side where their places are too close: each is pushed off the others and off the centre. */
function apart(points, width, height) {
  const badges = points.map((p, i) => ({ x: p.x + Math.cos(i * 2.4) * 0.5, y: p.y + Math.sin(i * 2.4) * 0.5 }));
  const push = (one, x, y, least, share) => {
    const [dx, dy] = [one.x - x, one.y - y];
    const far = Math.hypot(dx, dy) || 0.01;
    if (far < least) {
      one.x += (dx / far) * (least - far) * share;
      one.y += (dy / far) * (least - far) * share;
    }
  };
  for (let round = 0; round < 120; round++) {
    badges.forEach((one, i) => {
      push(one, width / 2, height / 2, BADGE + 11, 1);
      badges.forEach((other, j) => {
        if (i !== j) push(one, other.x, other.y, 2 * BADGE + 4, 0.5);
      });
      one.x = Math.min(width - BADGE - 3, Math.max(BADGE + 3, one.x));
      one.y = Math.min(height - BADGE - 3, Math.max(BADGE + 3, one.y));
    });
  }
  return badges;
}

const round = (km) => [1, 2, 5, 10].map((n) => n * 10 ** Math.floor(Math.log10(km))).filter((n) => n <= km * 1.0001).pop();
const length = (km) => (km < 1 ? `${Math.round(km * 1000)} m` : `${Number(km.toPrecision(6))} km`);

/* Draw into `group`; answers the marker of each item by its number. */
function draw(svg, group, centre, radiusKm, items) {
  const width = Math.max(240, Math.round(svg.clientWidth) || 600);
  const height = Math.round(Math.min(460, Math.max(300, width * 0.56)));
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("height", String(height));
  group.replaceChildren();
  const placed = items.map((item) => ({ ...item, ...course(centre, item) })).filter((item) => item.km <= radiusKm * 3);
  const reach = Math.max(radiusKm, ...placed.map((item) => item.km));
  const scale = (Math.min(width, height) / 2 - 22) / reach;
  const [cx, cy] = [width / 2, height / 2];
  const points = placed.map((p) => ({ ...p, x: cx + Math.sin(p.bearing) * p.km * scale, y: cy - Math.cos(p.bearing) * p.km * scale }));
  group.append(
    shape("circle", { class: "area", cx, cy, r: radiusKm * scale }),
    shape("circle", { class: "inner", cx, cy, r: (radiusKm * scale) / 2 }),
    shape("path", { class: "cross", d: `M${cx} ${cy - radiusKm * scale}V${cy + radiusKm * scale}M${cx - radiusKm * scale} ${cy}H${cx + radiusKm * scale}` }),
    shape("text", { class: "note", x: cx + 5, y: cy - (radiusKm * scale) / 2 - 5 }, length(radiusKm / 2)),
    shape("text", { class: "note", x: cx + 5, y: Math.max(13, cy - radiusKm * scale - 5) }, length(radiusKm)),
    shape("circle", { class: "here", cx, cy, r: 6 }),
  );
  const bar = round((width * 0.25) / scale);
  group.append(
    shape("path", { class: "scale", d: `M14 ${height - 20}v6h${bar * scale}v-6` }),
    shape("text", { class: "note", x: 14, y: height - 26 }, length(bar)),
    shape("path", { class: "here", d: `M${width - 22} 12l6 14l-6 -4l-6 4z` }),
    shape("text", { class: "note", x: width - 26, y: 41 }, "N"),
  );
  const badges = apart(points, width, height);
  const markers = new Map();
  const under = shape("g", {});
  points.forEach((point, i) => {
    const { x, y } = badges[i];
    const marker = shape("g", { class: "marker" });
    if (Math.hypot(x - point.x, y - point.y) > 3) {
      under.append(shape("line", { class: "lead-line", x1: point.x, y1: point.y, x2: x, y2: y }));
      under.append(shape("circle", { class: "spot", cx: point.x, cy: point.y, r: 3.5 }));
    }
    marker.append(shape("circle", { class: "badge", cx: x, cy: y, r: BADGE }), shape("text", { class: "number", x, y: y + 4.5 }, point.n));
    markers.set(point.n, marker);
  });
  group.append(under, ...[...markers.values()].reverse());
  return { markers, points };
}
