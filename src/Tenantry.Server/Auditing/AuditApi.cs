using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;
using Tenantry.Server.Api;
using Tenantry.Server.Store;

namespace Tenantry.Server.Auditing;

/// <summary>Who did what to what, and whether the record is whole.</summary>
internal static class AuditApi
{
    public static void MapAudit(this IEndpointRouteBuilder routes)
    {
        var audit = routes.MapGroup("/audit").WithTags("Audit");
        audit.MapGet("", ListAsync).Paged().Takes("actor", "action", "subject", "outcome", "since", "until");
        audit.MapGet("/export", Export).Produces<AuditExportRow>(200, AuditExport.ContentType).Streams();
        audit.MapGet("/verify", VerifyAsync);
    }

    private static async Task<Ok<PageResponse<AuditResponse>>> ListAsync(
        [AsParameters] PageQuery page, string? actor, string? action, string? subject, string? outcome, string? since, string? until, IStore store, HttpContext context, CancellationToken cancellationToken)
    {
        var filter = new AuditFilter(actor, action, subject, outcome, Time("since", since), Time("until", until), Caller.Of(context).Organizations);
        return TypedResults.Ok(PageQuery.Answer(context, await store.FindAuditAsync(filter, page.Request(), cancellationToken), Response));
    }

    private static AuditExport Export(IStore store) => new(store);

    private static DateTimeOffset? Time(string name, string? text)
    {
        if (text is null)
            return null;
        return DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time)
            ? time
            : throw ProblemException.Invalid(name, "A time such as 2026-11-29T08:00:00Z is expected.");
    }

    private static async Task<Ok<AuditVerifyResponse>> VerifyAsync(IStore store, CancellationToken cancellationToken)
    {
        var problem = await store.VerifyAuditAsync(cancellationToken);
        return TypedResults.Ok(new AuditVerifyResponse(problem is null, problem));
    }

    private static AuditResponse Response(AuditRow row) => new(
        row.Sequence,
        row.Entry.At,
        row.Entry.Actor,
        row.Entry.Action,
        row.Entry.Subject,
        row.Entry.Outcome,
        row.Entry.Detail,
        row.Entry.RequestId,
        row.PreviousHash,
        row.Hash)
    {
        Through = row.Entry.Through,
        Changes = row.Entry.Changes.Length == 0 ? [] : JsonSerializer.Deserialize<IReadOnlyList<ChangeResponse>>(row.Entry.Changes, WireJson.Options) ?? [],
    };
}
