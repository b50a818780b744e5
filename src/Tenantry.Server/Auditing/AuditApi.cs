using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.Store;

namespace Tenantry.Server.Auditing;

/// <summary>Who did what to what, and whether the record is whole.</summary>
internal static class AuditApi
{
    public static void MapAudit(this IEndpointRouteBuilder routes)
    {
        var audit = routes.MapGroup("/audit").WithTags("Audit");
        audit.MapGet("", ListAsync).Paged();
        audit.MapGet("/verify", VerifyAsync);
    }

    private static async Task<Ok<PageResponse<AuditResponse>>> ListAsync(
        [AsParameters] PageQuery page, IStore store, HttpContext context, CancellationToken cancellationToken) =>
        TypedResults.Ok(PageQuery.Answer(context, await store.ListAuditAsync(page.Request(), cancellationToken), Response));

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
        row.Hash);
}
