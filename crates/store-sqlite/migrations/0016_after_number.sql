-- A receiver hears of events behind a number: row ids are no order in which events are committed.

alter table webhook_endpoints rename column after_event to after_number;

update webhook_endpoints
    set after_number = coalesce((select last from event_numbers where event_numbers.site = webhook_endpoints.site), 0);
