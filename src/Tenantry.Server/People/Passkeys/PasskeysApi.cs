using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;
using Tenantry.Server.Api;
using Tenantry.Server.Store;

namespace Tenantry.Server.People.Passkeys;

/// <summary>One's own passkeys.</summary>
internal static class PasskeysApi
{
    public static void MapPasskeys(this IEndpointRouteBuilder routes)
    {
        var passkeys = routes.MapGroup("/session/passkeys").WithTags("Session");
        passkeys.MapGet("", ListAsync).Paged();
        passkeys.MapPost("/options", AskAsync);
        passkeys.MapPost("", AddAsync).Changes("passkey.add");
        passkeys.MapDelete("/{id}", RemoveAsync).Changes("passkey.remove");
    }

    private static async Task<Ok<PageResponse<PasskeyResponse>>> ListAsync(IStore store, HttpContext context, CancellationToken cancellationToken) => TypedResults.Ok(PageQuery.Whole(
        Caller.Of(context) is { Through: CallerKind.Session } caller ? await store.ListPasskeysAsync(caller.Name, cancellationToken) : [], Response));

    // Proved before the authenticator makes anything: what it made and nobody took stays in it.
    private static async Task<Ok<PasskeyOptionsResponse>> AskAsync(Body<AskPasskeyRequest> body, IStore store, PasskeyDesk desk, OwnProof proof, HttpContext context, CancellationToken cancellationToken)
    {
        var session = await SessionAsync(Caller.Of(context), store, cancellationToken);
        if (session.Person.Issuer.Length > 0)
            throw ProblemException.Forbidden("You sign in at the identity provider: your passkeys are there.");
        await proof.RequireAsync(context, session, body.Value.Current, "add a passkey");
        return TypedResults.Ok(await desk.AskToAddAsync(context, session));
    }

    private static async Task<Results<Created<PasskeyResponse>, Ok<PlanResponse>>> AddAsync(
        Body<AddPasskeyRequest> body, Change change, IStore store, PasskeyDesk desk, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        if (context.Request.Headers.ContainsKey("Idempotency-Key"))
            throw ProblemException.BadRequest("What an authenticator answered is good once, so it cannot be sent with an Idempotency-Key.");
        change.Subject = $"person {change.Actor}";
        var session = await SessionAsync(change.Caller, store, cancellationToken);
        var request = body.Value;
        var name = PersonText.Name(request.Name, $"Passkey of {time.GetUtcNow():yyyy-MM-dd}");
        change.Changes = [new ChangeResponse(change.Subject, "passkey", null, name)];
        if (change.IsDryRun)
            return TypedResults.Ok(DryRun.Of(change.Changes));
        var added = await desk.AddAsync(context, session, request.Handshake, request.Credential, name)
            ?? throw ProblemException.Invalid("credential", "The authenticator's answer is not good, or came too late. Try again.");
        return TypedResults.Created((string?)null, Response(added));
    }

    private static async Task<Results<NoContent, Ok<PlanResponse>>> RemoveAsync(string id, Change change, IStore store, LiveRequests live, CancellationToken cancellationToken)
    {
        change.Subject = $"person {change.Actor}";
        if (change.Caller.Through != CallerKind.Session || (await store.ListPasskeysAsync(change.Actor, cancellationToken)).FirstOrDefault(one => one.Id == id) is not { } present)
            throw ProblemException.NotFound("passkey", id);
        change.Changes = [new ChangeResponse(change.Subject, "passkey", present.Name, null)];
        if (change.IsDryRun)
            return TypedResults.Ok(DryRun.Of(change.Changes));
        if (!await store.DeletePasskeyAsync(change.Actor, id, change.Caller.SessionHash ?? "", cancellationToken))
            throw ProblemException.NotFound("passkey", id);
        await live.CutAsync(CancellationToken.None);
        return TypedResults.NoContent();
    }

    private static async Task<SessionOfPerson> SessionAsync(Caller caller, IStore store, CancellationToken cancellationToken) =>
        caller.SessionHash is { } hash && await store.FindSessionAsync(hash, cancellationToken) is { } session
            ? session
            : throw ProblemException.Conflict("Passkeys are for people who signed in.");

    private static PasskeyResponse Response(Passkey one) => new(one.Id, one.Name, one.IsBackedUp, one.CreatedAt, one.UsedAt);
}
