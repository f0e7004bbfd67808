-- Answers the oldest position, the newest one, and the bytes of all bodies.
local head = read_head()
return {text(head.first), text(head.last), text(head.total - head.gone)}
