namespace Tenantry.Cli.Onboarding;

/// <summary>E-mail addresses, as far as a name is made from them.</summary>
internal static class EmailText
{
    private const int Longest = 200;

    /// <summary>What is wrong with it, or null.</summary>
    public static string? Problem(string email)
    {
        var at = email.LastIndexOf('@');
        if (email.Length > Longest || email.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)) || at <= 0 || at == email.Length - 1 || email.IndexOf('@', StringComparison.Ordinal) != at)
            return $"'{(email.Length > Longest ? email[..Longest] + "…" : string.Concat(email.Select(c => char.IsControl(c) ? '?' : c)))}' is no e-mail address such as user@example.com.";
        return null;
    }

    public static string LocalPart(string email) => email[..email.LastIndexOf('@')];

    /// <summary>The first label of its domain: <c>example</c> of <c>user@example.com</c>.</summary>
    public static string Domain(string email) => email[(email.LastIndexOf('@') + 1)..].Split('.')[0];

    public static bool AreSame(string a, string b) => string.Equals(a, b, StringComparison.OrdinalIgnoreCase);
}
