using System.Buffers.Text;
using Microsoft.AspNetCore.Identity;
using Tenantry.Server.Store;

namespace Tenantry.Server.People.Passkeys;

/// <summary>People as ASP.NET Core's passkeys look them up. It changes nobody: what came of it is written by <see cref="PasskeyDesk"/>.</summary>
internal sealed class PasskeyUsers(IStore store) : IUserPasskeyStore<Person>
{
    private static readonly IdentityResult Refused = IdentityResult.Failed(new IdentityError { Code = "ReadOnly", Description = "People are changed by the API alone." });

    public async Task<string> GetUserIdAsync(Person user, CancellationToken cancellationToken) =>
        (await store.ListPasskeysAsync(user.Email, cancellationToken)).FirstOrDefault()?.Handle ?? "";

    public Task<string?> GetUserNameAsync(Person user, CancellationToken cancellationToken) => Task.FromResult<string?>(user.Email);

    public Task<string?> GetNormalizedUserNameAsync(Person user, CancellationToken cancellationToken) => GetUserNameAsync(user, cancellationToken);

    public async Task<Person?> FindByIdAsync(string userId, CancellationToken cancellationToken) =>
        await store.FindPasskeyOwnerAsync(userId, cancellationToken) is { } email ? await store.FindPersonAsync(email, cancellationToken) : null;

    public Task<Person?> FindByNameAsync(string normalizedUserName, CancellationToken cancellationToken) => store.FindPersonAsync(normalizedUserName, cancellationToken);

    public async Task<IList<UserPasskeyInfo>> GetPasskeysAsync(Person user, CancellationToken cancellationToken) =>
        [.. (await store.ListPasskeysAsync(user.Email, cancellationToken)).Select(Info)];

    public async Task<UserPasskeyInfo?> FindPasskeyAsync(Person user, byte[] credentialId, CancellationToken cancellationToken) =>
        (await GetPasskeysAsync(user, cancellationToken)).FirstOrDefault(one => one.CredentialId.AsSpan().SequenceEqual(credentialId));

    // A passkey that somebody has may not be added by another: the store says so when it is written.
    public Task<Person?> FindByPasskeyIdAsync(byte[] credentialId, CancellationToken cancellationToken) => Task.FromResult<Person?>(null);

    public Task AddOrUpdatePasskeyAsync(Person user, UserPasskeyInfo passkey, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task RemovePasskeyAsync(Person user, byte[] credentialId, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task SetUserNameAsync(Person user, string? userName, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task SetNormalizedUserNameAsync(Person user, string? normalizedName, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<IdentityResult> CreateAsync(Person user, CancellationToken cancellationToken) => Task.FromResult(Refused);

    public Task<IdentityResult> UpdateAsync(Person user, CancellationToken cancellationToken) => Task.FromResult(Refused);

    public Task<IdentityResult> DeleteAsync(Person user, CancellationToken cancellationToken) => Task.FromResult(Refused);

    public void Dispose()
    {
    }

    private static UserPasskeyInfo Info(Passkey one) => new(
        Base64Url.DecodeFromChars(one.Id),
        Base64Url.DecodeFromChars(one.PublicKey),
        one.CreatedAt,
        (uint)one.SignCount,
        [.. one.Transports],
        isUserVerified: true,
        one.IsBackupEligible,
        one.IsBackedUp,
        [],
        []);
}
