using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;
using Tenantry.Server.Api;
using Tenantry.Server.Store;

namespace Tenantry.Server.People;

/// <summary>People and what they may do everywhere.</summary>
internal static class PeopleApi
{
    public static void MapPeople(this IEndpointRouteBuilder routes)
    {
        var people = routes.MapGroup("/people").WithTags("People");
        people.MapGet("", ListAsync).Paged();
        people.MapGet("/{email}", GetAsync);
        people.MapPost("", CreateAsync).Changes("person.create");
        people.MapPatch("/{email}", UpdateAsync).Changes("person.update").NeedsVersion();
        people.MapDelete("/{email}", DeleteAsync).Changes("person.delete").TakesVersion();
    }

    private static async Task<Ok<PageResponse<PersonResponse>>> ListAsync([AsParameters] PageQuery page, IStore store, HttpContext context, CancellationToken cancellationToken)
    {
        var people = await store.ListPeopleAsync(page.Request(), cancellationToken);
        var members = (await store.ListMembersAsync(null, null, cancellationToken)).ToLookup(one => one.Email, StringComparer.Ordinal);
        return TypedResults.Ok(PageQuery.Answer(context, people, person => Response(person, members[person.Email])));
    }

    private static async Task<Ok<PersonResponse>> GetAsync(string email, IStore store, HttpContext context, CancellationToken cancellationToken)
    {
        var person = await FindAsync(store, email, cancellationToken);
        ETags.Set(context, person.Version);
        return TypedResults.Ok(Response(person, await store.ListMembersAsync(null, person.Email, cancellationToken)));
    }

    private static async Task<Results<Created<PersonResponse>, Ok<PlanResponse>>> CreateAsync(
        Body<CreatePersonRequest> body, Change change, IStore store, Passwords passwords, TimeProvider time, HttpContext context, CancellationToken cancellationToken)
    {
        var request = body.Value;
        if (request.Password is not null && context.Request.Headers.ContainsKey("Idempotency-Key"))
            throw ProblemException.BadRequest("A request with a password is not remembered, so it cannot be sent with an Idempotency-Key.");
        var email = PersonText.Email(request.Email);
        change.Subject = $"person {email}";
        PersonText.CheckOfPlatform(request.Role);
        if (request.Password is not null)
            Passwords.Check(request.Password, email);
        var person = new Person(email, PersonText.Name(request.Name, email), request.Role, null, "", "", 1, time.GetUtcNow());
        change.Detail = $"role {Word(person.Role)}{(request.Password is null ? "" : ", with a password")}";
        if (change.IsDryRun)
        {
            if (await store.FindPersonAsync(email, cancellationToken) is not null)
                throw ProblemException.Conflict($"There is a person '{email}' already.");
            return TypedResults.Ok(DryRun.Of(new ChangeResponse(change.Subject, "", null, email)));
        }

        var stored = await store.AddPersonAsync(person with { Password = request.Password is null ? null : passwords.Hash(request.Password) }, cancellationToken);
        ETags.Set(context, stored.Version);
        return TypedResults.Created($"/v1/people/{Uri.EscapeDataString(email)}", Response(stored, []));
    }

    private static async Task<Results<Ok<PersonResponse>, Ok<PlanResponse>>> UpdateAsync(
        string email, Body<UpdatePersonRequest> body, Change change, IStore store, Passwords passwords, LiveRequests live, HttpContext context, CancellationToken cancellationToken)
    {
        var present = await FindAsync(store, email, cancellationToken);
        change.Subject = $"person {present.Email}";
        change.RequireVersion(change.Subject, present.Version);
        var request = body.Value;
        PersonText.CheckOfPlatform(request.Role);
        if (request is { Role: not null, NoRole: true })
            throw ProblemException.Invalid("noRole", "A role, or none: not both.");
        if (request is { Password: not null, NoPassword: true })
            throw ProblemException.Invalid("noPassword", "A password, or none: not both.");
        if (request.Password is not null)
            Passwords.Check(request.Password, present.Email);
        // Who gives an account back takes away whatever else signs in to it.
        var removesPasskeys = request.NoPasskeys || request.Password is not null || request.NoPassword;
        var wanted = present with { Name = PersonText.Name(request.Name, present.Name), Role = request.NoRole ? null : request.Role ?? present.Role };
        var passkeys = removesPasskeys ? await store.ListPasskeysAsync(present.Email, cancellationToken) : [];
        ChangeResponse[] differences =
        [
            .. Differences(change.Subject, present, wanted, request),
            .. passkeys.Select(one => new ChangeResponse(change.Subject, "passkey", one.Name, null)),
        ];
        change.Changes = differences;
        if (change.IsDryRun)
            return TypedResults.Ok(DryRun.Of(differences));
        wanted = wanted with { Password = request.NoPassword ? null : request.Password is null ? present.Password : passwords.Hash(request.Password) };
        live.LetFinish(context.TraceIdentifier);
        var stored = differences.Length == 0 ? present : await store.UpdatePersonAsync(wanted, present.Version, removesPasskeys, cancellationToken);
        await live.CutAsync(CancellationToken.None);
        ETags.Set(context, stored.Version);
        return TypedResults.Ok(Response(stored, await store.ListMembersAsync(null, stored.Email, cancellationToken)));
    }

    private static async Task<Results<NoContent, Ok<PlanResponse>>> DeleteAsync(string email, Change change, IStore store, LiveRequests live, HttpContext context, CancellationToken cancellationToken)
    {
        var present = await FindAsync(store, email, cancellationToken);
        change.Subject = $"person {present.Email}";
        change.Expect(change.Subject, present.Version);
        if (change.IsDryRun)
            return TypedResults.Ok(DryRun.Of(new ChangeResponse(change.Subject, "", present.Email, null)));
        live.LetFinish(context.TraceIdentifier);
        if (!await store.DeletePersonAsync(present.Email, cancellationToken))
            throw ProblemException.NotFound("person", present.Email);
        await live.CutAsync(CancellationToken.None);
        return TypedResults.NoContent();
    }

    private static async Task<Person> FindAsync(IStore store, string email, CancellationToken cancellationToken) =>
        await store.FindPersonAsync(PersonText.Plain(email), cancellationToken) ?? throw ProblemException.NotFound("person", PersonText.Plain(email));

    private static IEnumerable<ChangeResponse> Differences(string subject, Person present, Person wanted, UpdatePersonRequest request)
    {
        if (present.Name != wanted.Name)
            yield return new ChangeResponse(subject, "name", present.Name, wanted.Name);
        if (present.Role != wanted.Role)
            yield return new ChangeResponse(subject, "role", Word(present.Role), Word(wanted.Role));
        if (request.Password is not null || (request.NoPassword && present.Password is not null))
            yield return new ChangeResponse(subject, "password", present.Password is null ? "none" : "set", request.NoPassword ? "none" : "another");
    }

    private static PersonResponse Response(Person person, IEnumerable<Membership> members) => new(
        person.Email,
        person.Name,
        person.Role,
        [.. members.Select(one => new MembershipResponse(one.Organization, one.Role))],
        person.Password is not null,
        person.Issuer.Length == 0 ? null : person.Issuer,
        person.CreatedAt,
        person.SignedInAt,
        person.Passkeys);

    private static string Word(Role? role) => role?.ToString().ToLowerInvariant() ?? "none";
}
