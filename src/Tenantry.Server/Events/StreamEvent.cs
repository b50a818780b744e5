namespace Tenantry.Server.Events;

/// <summary>One server-sent event.</summary>
/// <param name="Id">What a client that lost its connection sends back as <c>Last-Event-ID</c>.</param>
/// <param name="Kind">Its <c>event</c> field.</param>
/// <param name="Data">One line of JSON.</param>
internal readonly record struct StreamEvent(long Id, string Kind, string Data);
