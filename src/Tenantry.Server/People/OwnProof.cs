using Microsoft.AspNetCore.Http;
using Tenantry.Model.Wire;
using Tenantry.Server.Api;
using Tenantry.Server.Store;

namespace Tenantry.Server.People;

/// <summary>
/// Before somebody changes how they sign in. Who has the session alone, a browser that was left open say, does not come by another way in: the password so far is shown, or somebody signed in just now.
/// </summary>
internal sealed class OwnProof(Passwords passwords, SignInLimits limits, ApiSettings settings, TimeProvider time)
{
    private static readonly TimeSpan JustNow = TimeSpan.FromMinutes(10);

    /// <param name="context">The request.</param>
    /// <param name="session">Of who asks.</param>
    /// <param name="current">The password so far, as it was typed.</param>
    /// <param name="what">What they are to do soon after they signed in again.</param>
    public async Task RequireAsync(HttpContext context, SessionOfPerson session, string? current, string what)
    {
        var person = session.Person;
        if (person.Password is not null)
            await ProveAsync(person, current ?? "", ClientAddress.Of(context, settings), context.RequestAborted);
        else if (person.Issuer.Length > 0)
            throw ProblemException.Forbidden("You sign in at the identity provider, which says when that ends. An administrator can give you a password as well: 'tenantry person set ADDRESS --password'.");
        else if (time.GetUtcNow() - session.Session.CreatedAt > JustNow)
            throw ProblemException.Forbidden($"There is no password yet: sign in again, and {what} within {JustNow.TotalMinutes:0} minutes.");
    }

    private async Task ProveAsync(Person person, string password, string address, CancellationToken cancellationToken)
    {
        if (limits.Enter(person.Email, address) is { } wait)
            throw ProblemException.TooMany($"Too many wrong tries. Wait {Math.Ceiling(wait.TotalMinutes):0} minutes.");
        if (!await passwords.IsOfAsync(person, password, cancellationToken))
            throw new ProblemException(StatusCodes.Status403Forbidden, ProblemCodes.Forbidden, "The password so far is not right. Nothing was changed.", [new ProblemError("current", "It is not right.")]);
        limits.Succeed(person.Email, address);
    }
}
