using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;
using Tenantry.Server.Api;
using Tenantry.Server.Store;

namespace Tenantry.Server.People;

/// <summary>Who asks, and links that sign somebody in.</summary>
internal static class SessionApi
{
    private const string FirstAdmin = "admin@localhost";
    private static readonly TimeSpan UsualLife = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan LongestLife = TimeSpan.FromDays(7);

    public static void MapSession(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/session", Get).WithTags("Session");
        routes.MapDelete("/session", EndAsync).Changes("session.end").WithTags("Session");
        routes.MapPut("/session/password", PutPasswordAsync).Changes("password.set").WithTags("Session");
        routes.MapPost("/signin-links", CreateLinkAsync).Changes("signin-link.create").WithTags("Session");
    }

    private static Ok<SessionResponse> Get(HttpContext context)
    {
        var caller = Caller.Of(context);
        return TypedResults.Ok(new SessionResponse(
            caller.Name,
            caller.DisplayName,
            caller.Through.ToString().ToLowerInvariant(),
            caller.Grants.Platform,
            [.. caller.Grants.Organizations.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => new MembershipResponse(one.Key, one.Value))],
            caller.ExpiresAt,
            caller.Through == CallerKind.Session ? Sessions.CsrfTokenOf(context) : null,
            caller.Issuer,
            caller.HasPassword));
    }

    private static async Task<Results<NoContent, Ok<PlanResponse>>> EndAsync(Change change, Sessions sessions, LiveRequests live, HttpContext context, CancellationToken cancellationToken)
    {
        change.Subject = $"person {change.Actor}";
        if (change.Caller.Through != CallerKind.Session)
            throw ProblemException.Conflict("There is no session to end: this caller did not sign in.");
        if (change.IsDryRun)
            return TypedResults.Ok(DryRun.Of(new ChangeResponse("session", "", change.Actor, null)));
        live.LetFinish(context.TraceIdentifier);
        await sessions.EndAsync(context, cancellationToken);
        return TypedResults.NoContent();
    }

    // Who has the session alone, a browser that was left open say, does not come by another way in: the password so far is shown, or somebody signed in just now.
    private static async Task<Results<NoContent, Ok<PlanResponse>>> PutPasswordAsync(
        Body<PutPasswordRequest> body, Change change, IStore store, Passwords passwords, OwnProof proof, LiveRequests live, HttpContext context, CancellationToken cancellationToken)
    {
        var caller = change.Caller;
        change.Subject = $"person {caller.Name}";
        if (caller.SessionHash is not { } hash || await store.FindSessionAsync(hash, cancellationToken) is not { } session)
            throw ProblemException.Conflict("This is for people who signed in. On the server's machine: 'tenantry person set ADDRESS --password'.");
        var person = session.Person;
        Passwords.Check(body.Value.Password, person.Email);
        var removed = body.Value.NoPasskeys ? person.Passkeys : 0;
        change.Changes =
        [
            new ChangeResponse(change.Subject, "password", person.Password is null ? "none" : "set", "another"),
            .. removed > 0 ? [new ChangeResponse(change.Subject, "passkeys", removed.ToString(CultureInfo.InvariantCulture), "none")] : Array.Empty<ChangeResponse>(),
        ];
        if (change.IsDryRun)
            return TypedResults.Ok(DryRun.Of(change.Changes));
        await proof.RequireAsync(context, session, body.Value.Current, "set one");
        live.LetFinish(context.TraceIdentifier);
        await store.UpdatePersonAsync(person with { Password = passwords.Hash(body.Value.Password) }, person.Version, body.Value.NoPasskeys, cancellationToken);
        await live.CutAsync(CancellationToken.None);
        return TypedResults.NoContent();
    }

    private static async Task<Results<Created<SignInLinkResponse>, Ok<PlanResponse>>> CreateLinkAsync(
        Body<SignInLinkRequest> body, Change change, IStore store, ApiSettings settings, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        var request = body.Value;
        if (context.Request.Headers.ContainsKey("Idempotency-Key"))
            throw ProblemException.BadRequest("A link is shown once, so it cannot be asked for with an Idempotency-Key.");
        if (request.ExpiresInSeconds is { } seconds && (seconds <= 0 || seconds > LongestLife.TotalSeconds))
            throw ProblemException.Invalid("expiresInSeconds", $"Seconds above 0 and up to {LongestLife.TotalSeconds:0} (seven days) are expected.");
        var address = settings.Api() ?? throw ProblemException.Conflict("The API listens on its socket alone, so that no browser reaches it. Start the server with --api ADDRESS:PORT.");
        var (person, isNew) = await PickAsync(request.Email, store, time, cancellationToken);
        change.Subject = $"person {person.Email}";
        if (change.IsDryRun)
            return TypedResults.Ok(DryRun.Of([.. isNew ? [new ChangeResponse(change.Subject, "role", null, person.Role is null ? "none" : "admin")] : Array.Empty<ChangeResponse>(), new ChangeResponse($"link for {person.Email}", "", null, "once")]));
        if (isNew)
            await store.AddPersonAsync(person, cancellationToken);
        var secret = RandomText.New();
        var expires = time.GetUtcNow() + (request.ExpiresInSeconds is { } life ? TimeSpan.FromSeconds(life) : UsualLife);
        await store.AddSignInLinkAsync(RandomText.Hash(secret), person.Email, expires, cancellationToken);
        return TypedResults.Created((string?)null, new SignInLinkResponse(person.Email, new Uri(address, $"/signin/link/{secret}").ToString(), expires, isNew));
    }

    // Who is alone with a new server is its admin.
    private static async Task<(Person Person, bool IsNew)> PickAsync(string? email, IStore store, TimeProvider time, CancellationToken cancellationToken)
    {
        if (email is not null)
        {
            var plain = PersonText.Email(email);
            if (await store.FindPersonAsync(plain, cancellationToken) is { } known)
                return (known, false);
            // Who is invited becomes a person with the first link.
            return (await store.ListInvitationsAsync(null, plain, cancellationToken)) is [var invitation, ..]
                ? (new Person(plain, invitation.Name, null, null, "", "", 1, time.GetUtcNow()), true)
                : throw ProblemException.NotFound("person", plain, "email");
        }

        var admins = new List<Person>();
        for (string? cursor = null; ;)
        {
            var page = await store.ListPeopleAsync(new PageRequest(PageQuery.Largest, cursor), cancellationToken);
            admins.AddRange(page.Items.Where(one => one.Role == Role.Admin));
            if ((cursor = page.Next) is null)
                break;
        }

        return admins.Count switch
        {
            0 => (new Person(FirstAdmin, "Administrator", Role.Admin, null, "", "", 1, time.GetUtcNow()), true),
            1 => (admins[0], false),
            _ => throw ProblemException.Invalid("email", $"Several people are admin; say who signs in: {string.Join(", ", admins.Take(5).Select(one => one.Email))}."),
        };
    }
}
