/* SPDX-License-Identifier: MIT */
/*
 * trace_write.c - an event as one line of ftrace text, which trace_line.c reads back as the same event.
 *
 *	            bash-12      [003] d..2.  5210.926267: kfree: call_site=f+0x1 ptr=ffff88...
 *	`--- TRACE_HAS_CPU and _TIME, or none of it --'		then each field that the event has
 *
 * Lock: none; nothing is shared.
 */
#include "cli/trace_line.h"

#include <stdarg.h>
#include <stdio.h>

#define NS_PER_S 1000000000ull

struct writer {
	char *buf;
	size_t size, len;
};

static void put(struct writer *w, const char *format, ...) PRINTF(2, 3);

static void put(struct writer *w, const char *format, ...)
{
	bool has_room = w->len < w->size;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(has_room ? w->buf + w->len : NULL, has_room ? w->size - w->len : 0, format, args);
	va_end(args);
	if (len > 0)
		w->len += (size_t)len;
}

static void put_prefix(struct writer *w, const struct trace_event *event, const struct trace_text *text)
{
	u64 ns = event->timestamp_ns;

	if (!(event->has & TRACE_HAS_CPU) || !(event->has & TRACE_HAS_TIME))
		return;
	/* The space in front of every task's name keeps one that begins with '#' from being a comment. */
	if ((event->has & TRACE_HAS_TASK) && text->task)
		put(w, " %15s", text->task);
	if (event->has & TRACE_HAS_PID)
		put(w, "-%-7d", event->pid);
	put(w, " [%03u] ", event->cpu);
	if (event->has & TRACE_HAS_CONTEXT)
		put(w, "%s ", event->context);
	if (event->has & TRACE_TIME_IS_COUNTER)
		put(w, "%llu: ", ns);
	else if (ns % 1000)
		put(w, "%5llu.%09llu: ", ns / NS_PER_S, ns % NS_PER_S);
	else
		put(w, "%5llu.%06llu: ", ns / NS_PER_S, ns % NS_PER_S / 1000);
}

static void put_gfp(struct writer *w, gfp_t gfp)
{
	char names[1024];

	trace_format_gfp(names, sizeof(names), gfp);
	put(w, " gfp_flags=%s", names);
}

static void put_slab_fields(struct writer *w, const struct trace_event *event, const struct trace_text *text)
{
	if ((event->has & TRACE_HAS_CALL_SITE) && text->call_site)
		put(w, " call_site=%s", text->call_site);
	if (event->has & TRACE_HAS_PTR)
		put(w, " ptr=%016llx", event->ptr);
	else if (trace_kind_needs(event->kind) & TRACE_HAS_PTR)
		put(w, " ptr=(____ptrval____)");
	if ((event->has & TRACE_HAS_CACHE) && text->cache)
		put(w, " name=%s", text->cache);
	if (event->has & TRACE_HAS_BYTES_REQ)
		put(w, " bytes_req=%llu", event->bytes_req);
	if (event->has & TRACE_HAS_BYTES_ALLOC)
		put(w, " bytes_alloc=%llu", event->bytes_alloc);
}

static void put_page_fields(struct writer *w, const struct trace_event *event)
{
	bool is_extfrag = event->kind == TRACE_PAGE_EXTFRAG;

	if (event->has & TRACE_HAS_PAGE)
		put(w, " page=%016llx", event->page);
	if (event->has & TRACE_HAS_PFN)
		put(w, " pfn=0x%llx", event->pfn);
	if (event->has & TRACE_HAS_ORDER)
		put(w, " %s=%d", is_extfrag ? "alloc_order" : "order", event->order);
	if (event->has & TRACE_HAS_FALLBACK_ORDER)
		put(w, " fallback_order=%d", event->fallback_order);
	if (event->has & TRACE_HAS_PAGEBLOCK_ORDER)
		put(w, " pageblock_order=%d", event->pageblock_order);
	if (event->has & TRACE_HAS_MIGRATETYPE)
		put(w, " %s=%d", is_extfrag ? "alloc_migratetype" : "migratetype", event->migratetype);
	if (event->has & TRACE_HAS_FALLBACK_TYPE)
		put(w, " fallback_migratetype=%d", event->fallback_migratetype);
	if (event->has & TRACE_HAS_CHANGE_OWNERSHIP)
		put(w, " change_ownership=%d", event->change_ownership);
	if (event->has & TRACE_HAS_PERCPU_REFILL)
		put(w, " percpu_refill=%d", event->percpu_refill);
}

int trace_format_event(char *buf, size_t size, const struct trace_event *event, const struct trace_text *text)
{
	struct writer w = { buf, size, 0 };

	if (size)
		*buf = '\0';
	put_prefix(&w, event, text);
	put(&w, "%s:", trace_kind_name(event->kind));
	put_slab_fields(&w, event, text);
	put_page_fields(&w, event);
	if (event->has & TRACE_HAS_GFP)
		put_gfp(&w, event->gfp);
	if (event->has & TRACE_HAS_NODE)
		put(&w, " node=%d", event->node);
	if (event->has & TRACE_HAS_ACCOUNTED)
		put(&w, " accounted=%s", event->accounted ? "true" : "false");
	return (int)w.len;
}
