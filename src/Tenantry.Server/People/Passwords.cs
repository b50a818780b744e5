using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.Options;
using Tenantry.Server.Api;
using Tenantry.Server.Store;

namespace Tenantry.Server.People;

/// <summary>Passwords: PBKDF2 with HMAC-SHA-512, 600,000 rounds and a salt of their own.</summary>
public sealed class Passwords : IDisposable
{
    private const int Rounds = 600_000;
    private const int Shortest = 12;
    private const int ShortestName = 4;
    private const int Longest = 200;
    private const int MostWaiting = 32;
    private readonly PasswordHasher<Person> hasher = new(Options.Create(new PasswordHasherOptions { IterationCount = Rounds }));
    private readonly SemaphoreSlim turns = new(Math.Max(1, Environment.ProcessorCount / 2));
    private readonly Lazy<string> nobodys;
    private int waiting;

    public Passwords() => nobodys = new(() => Hash(RandomNobody()));

    /// <summary>Refuses what nobody should use.</summary>
    public static void Check(string password, string email)
    {
        if (password.Length is < Shortest or > Longest)
            throw ProblemException.Invalid("password", $"A password of {Shortest} to {Longest} characters is expected.");
        // A name of a letter or two is in nearly every password.
        var name = email.Split('@')[0];
        if (password.Distinct().Count() < 5 || (name.Length >= ShortestName && password.Contains(name, StringComparison.OrdinalIgnoreCase)))
            throw ProblemException.Invalid("password", "This password is easy to guess: it has few different characters, or the person's own name in it.");
    }

    /// <summary>As the store keeps it.</summary>
    public string Hash(string password) => hasher.HashPassword(null!, password);

    /// <summary>Whether it is the person's. Takes as long when there is no such person, or no password.</summary>
    /// <exception cref="ProblemException">Too many wait for theirs to be looked at.</exception>
    public async Task<bool> IsOfAsync(Person? person, string password, CancellationToken cancellationToken)
    {
        await TakeTurnAsync(cancellationToken);
        try
        {
            var isSame = password.Length <= Longest && hasher.VerifyHashedPassword(null!, person?.Password ?? nobodys.Value, password) != PasswordVerificationResult.Failed;
            return isSame && person?.Password is not null;
        }
        finally
        {
            turns.Release();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => turns.Dispose();

    // A password takes a good part of a second: who came after so many would wait in vain.
    private async Task TakeTurnAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (Interlocked.Increment(ref waiting) > MostWaiting)
                throw ProblemException.TooMany("Too many people sign in at this moment. Try again in a few seconds.");
            await turns.WaitAsync(cancellationToken);
        }
        finally
        {
            Interlocked.Decrement(ref waiting);
        }
    }

    private static string RandomNobody() => Guid.NewGuid().ToString("N");
}
