using Tenantry.Model.Wire;
using Tenantry.Server.Api;

namespace Tenantry.Server.People;

/// <summary>What a person's fields may hold.</summary>
internal static class PersonText
{
    private const int Longest = 200;

    /// <summary>One spelling for one person.</summary>
    public static string Plain(string email) => email.Trim().ToLowerInvariant();

    /// <summary>The address in its one spelling; a 422 when it is none.</summary>
    public static string Email(string text, string path = "email")
    {
        var email = Plain(text);
        var at = email.IndexOf('@', StringComparison.Ordinal);
        if (email.Length > Longest || at <= 0 || at == email.Length - 1 || at != email.LastIndexOf('@') || email.Any(c => char.IsControl(c) || char.IsWhiteSpace(c) || c is '/' or '?' or '#'))
            throw ProblemException.Invalid(path, "An e-mail address such as user@example.com is expected.");
        return email;
    }

    public static string Name(string? text, string otherwise)
    {
        if (string.IsNullOrWhiteSpace(text))
            return otherwise;
        return text.Length <= Longest && !text.Any(char.IsControl) ? text.Trim() : throw ProblemException.Invalid("name", $"Text of at most {Longest} characters without control characters is expected.");
    }

    public static void CheckOfPlatform(Role? role)
    {
        if (role is Role.Owner or Role.Member)
            throw ProblemException.Invalid("role", $"A person is admin, operator or viewer of everything; {Word(role.Value)} one is of an organization: 'tenantry member add'.");
    }

    public static void CheckOfOrganization(Role role)
    {
        if (role is Role.Admin or Role.Operator)
            throw ProblemException.Invalid("role", $"Of an organization a person is owner, member or viewer; {Word(role)} is a role of the platform.");
    }

    private static string Word(Role role) => role.ToString().ToLowerInvariant();
}
