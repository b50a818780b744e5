using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Tenantry.Model.Wire;
using Tenantry.Server.Access;
using Tenantry.Server.Store;

namespace Tenantry.Server.People.Passkeys;

/// <summary>
/// Asks authenticators and believes their answers: the signature, the challenge (once, for five minutes, and for what it was asked for), the host's name and the page's origin are checked by ASP.NET Core.
/// The authenticator has made sure of the person (a finger, a PIN): a passkey takes the place of a password.
/// </summary>
public sealed class PasskeyDesk : IDisposable
{
    private const string SignIn = "sign-in";
    private const string Required = "required";
    private const int Most = 20;
    private const int LongestAnswer = 16 * 1024;
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(5);
    private readonly IStore store;
    private readonly TimeProvider time;
    private readonly UserManager<Person> users;
    private readonly PasskeyHandler<Person> handler;

    public PasskeyDesk(IStore store, TimeProvider time, ILoggerFactory loggers)
    {
        (this.store, this.time) = (store, time);
        users = new UserManager<Person>(new PasskeyUsers(store), Options.Create(new IdentityOptions()), new PasswordHasher<Person>(), [], [], new UpperInvariantLookupNormalizer(), new IdentityErrorDescriber(), null!, loggers.CreateLogger<UserManager<Person>>());
        handler = new PasskeyHandler<Person>(users, Options.Create(new IdentityPasskeyOptions
        {
            AuthenticatorTimeout = Life,
            UserVerificationRequirement = Required,
            ResidentKeyRequirement = Required,
            ValidateOrigin = IsOursAsync,
        }));
    }

    /// <summary>What the browser is to ask an authenticator for, to make a passkey for the person.</summary>
    /// <param name="context">The request.</param>
    /// <param name="session">Of who has proved that they may: the answer adds to this person alone, and another question takes its place.</param>
    public async Task<PasskeyOptionsResponse> AskToAddAsync(HttpContext context, SessionOfPerson session)
    {
        var person = session.Person;
        var handle = (await store.ListPasskeysAsync(person.Email, context.RequestAborted)).FirstOrDefault()?.Handle ?? RandomText.New();
        var asked = await handler.MakeCreationOptionsAsync(new PasskeyUserEntity { Id = handle, Name = person.Email, DisplayName = person.Name }, context);
        return await KeepAsync(PurposeOf(session), asked.AttestationState, asked.CreationOptionsJson, isOnly: true, context.RequestAborted);
    }

    /// <summary>Adds the one that was made. Null: what came is no answer to what was asked.</summary>
    /// <exception cref="StoreConflictException">It is known already, or there are too many.</exception>
    public async Task<Passkey?> AddAsync(HttpContext context, SessionOfPerson session, string handshake, string credential, string name)
    {
        if (credential.Length > LongestAnswer || await TakeAsync(handshake, PurposeOf(session), context.RequestAborted) is not { } state)
            return null;
        var made = await handler.PerformAttestationAsync(new PasskeyAttestationContext { HttpContext = context, CredentialJson = credential, AttestationState = state });
        if (!made.Succeeded)
            return null;
        var passkey = new Passkey(
            Base64Url.EncodeToString(made.Passkey.CredentialId),
            session.Person.Email,
            made.UserEntity.Id,
            name,
            Base64Url.EncodeToString(made.Passkey.PublicKey),
            made.Passkey.SignCount,
            made.Passkey.Transports ?? [],
            made.Passkey.IsBackupEligible,
            made.Passkey.IsBackedUp,
            time.GetUtcNow());
        await store.AddPasskeyAsync(passkey, Most, context.RequestAborted);
        return passkey;
    }

    /// <summary>What the browser is to ask an authenticator for, to sign in whoever it knows.</summary>
    public async Task<PasskeyOptionsResponse> AskToSignInAsync(HttpContext context)
    {
        var asked = await handler.MakeRequestOptionsAsync(null, context);
        return await KeepAsync(SignIn, asked.AssertionState, asked.RequestOptionsJson, isOnly: false, context.RequestAborted);
    }

    /// <summary>Whom the passkey signs in; null: nobody. <c>Owner</c> is whose it says it is, for the audit: a copy of an authenticator is not believed and shows there.</summary>
    public async Task<(Person? Person, string Owner)> SignInAsync(HttpContext context, string handshake, string credential)
    {
        if (credential.Length > LongestAnswer || await TakeAsync(handshake, SignIn, context.RequestAborted) is not { } state)
            return (null, "");
        var shown = await handler.PerformAssertionAsync(new PasskeyAssertionContext { HttpContext = context, CredentialJson = credential, AssertionState = state });
        if (!shown.Succeeded)
            return (null, await OwnerOfAsync(credential, context.RequestAborted));
        await store.UsePasskeyAsync(Base64Url.EncodeToString(shown.Passkey.CredentialId), shown.Passkey.SignCount, shown.Passkey.IsBackedUp, time.GetUtcNow(), context.RequestAborted);
        return (shown.User, shown.User.Email);
    }

    /// <inheritdoc/>
    public void Dispose() => users.Dispose();

    private async Task<PasskeyOptionsResponse> KeepAsync(string purpose, string? state, string options, bool isOnly, CancellationToken cancellationToken)
    {
        var handshake = RandomText.New();
        await store.AddPasskeyHandshakeAsync(RandomText.Hash(handshake), purpose, state ?? "", isOnly, time.GetUtcNow() + Life, cancellationToken);
        using var json = JsonDocument.Parse(options);
        return new PasskeyOptionsResponse(handshake, json.RootElement.Clone());
    }

    private async Task<string?> TakeAsync(string handshake, string purpose, CancellationToken cancellationToken) =>
        await store.TakePasskeyHandshakeAsync(RandomText.Hash(handshake), cancellationToken) is { } kept && kept.StartsWith(purpose + '\n', StringComparison.Ordinal) ? kept[(purpose.Length + 1)..] : null;

    // In one line, since what follows is told apart by the first end of a line.
    private static string PurposeOf(SessionOfPerson session) => $"add {session.Person.Email}";

    // The handle is random: who does not have the authenticator, or what it keeps, names nobody.
    private async Task<string> OwnerOfAsync(string credential, CancellationToken cancellationToken)
    {
        try
        {
            using var json = JsonDocument.Parse(credential);
            return json.RootElement.TryGetProperty("response", out var response) && response.TryGetProperty("userHandle", out var handle) && handle.ValueKind == JsonValueKind.String
                && await store.FindPasskeyOwnerAsync(Encoding.UTF8.GetString(Base64Url.DecodeFromChars(handle.GetString())), cancellationToken) is { } owner
                ? owner
                : "";
        }
        catch (Exception mistake) when (mistake is JsonException or FormatException or InvalidOperationException)
        {
            return "";
        }
    }

    private static ValueTask<bool> IsOursAsync(PasskeyOriginValidationContext asked) => ValueTask.FromResult(
        !asked.CrossOrigin && string.Equals(asked.Origin, PublicAddress.Of(asked.HttpContext).GetLeftPart(UriPartial.Authority), StringComparison.OrdinalIgnoreCase));
}
