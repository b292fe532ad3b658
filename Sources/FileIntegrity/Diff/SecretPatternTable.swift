/// Patterns of files and directories that hold secrets. In small letters: names are compared without regard to case.
let secretPatternTable: [String] =
    [
        // Accounts.
        "shadow", "gshadow", "/etc/shadow*", "/etc/gshadow*", "/etc/tcb", "*shadow-", ".htpasswd*",
        ".htdigest*",
        "/etc/security/opasswd*",
        "/var/backups/shadow*", "/var/backups/gshadow*", "/etc/master.passwd*",
        // Words that say so.
        "*secret*", "*credential*", "*token*", "*password*", "*passphrase*", "*private*key*", "*api*key*",
        // Keys of people and hosts.
        "id_rsa*", "id_dsa*", "id_ecdsa*", "id_ed25519*", "id_xmss*", "ssh_host_*_key",
        "ssh_host_*_key[.~-]*",
        "/etc/ssl/private", "/etc/pki/*/private", "/etc/letsencrypt/archive", "/etc/letsencrypt/live",
        "/etc/letsencrypt/accounts", "/etc/krb5.keytab*", "krb5cc_*", ".gnupg", "secring.*", ".age",
        ".vedette",
        "/etc/vedette/keys", "/etc/vedette/*.keys", "/var/lib/vedette", "client.keys", "/etc/luks*",
        "/etc/cryptsetup-keys.d",
        "/root/.ssh/*_key", "/home/*/.ssh/*_key", "/etc/dnssec-keys", "rndc.key*", "/etc/bind/*.key*",
        "*.tsig",
        // What tools and services log in with.
        ".pgpass*", ".netrc*", "_netrc", ".git-credentials*", ".my.cnf*", ".mylogin.cnf", "debian.cnf",
        ".npmrc", ".pypirc",
        ".aws", ".azure", ".boto", ".docker", ".dockercfg", ".kube", ".vnc", ".msmtprc", ".fetchmailrc",
        ".smbcredentials*",
        ".cifs*", ".s3cfg", ".rclone.conf", "rclone.conf", ".vault-*", ".terraformrc", "terraform.tfstate*",
        "*.tfvars", ".env", ".env.*", "*.env", "gcloud", "wp-config.php*", "auth.json", "sasl_passwd*",
        "passwd.db",
        "/etc/kubernetes/*.conf", "/var/lib/kubelet/pki", "/etc/rancher", "/var/lib/docker/swarm",
        // Networks.
        "/etc/wireguard", "/etc/networkmanager/system-connections", "/run/networkmanager/system-connections",
        "wpa_supplicant*.conf*", "/etc/wpa_supplicant", "/var/lib/iwd", "/etc/netplan", "/etc/ipsec.secrets*",
        "/etc/ipsec.d/private", "/etc/swanctl/private", "/etc/openvpn/*/*.conf", "/etc/ppp/*-secrets*",
        "/etc/hostapd", "/etc/racoon/psk.txt", "/etc/snmp/snmpd.conf*", "/var/lib/snmp", "radiusd.conf*",
        // Directories of people.
        "sssd.conf*", "/etc/sssd/conf.d", "/etc/ldap.conf*", "/etc/libnss-ldap.conf*", "/etc/pam_ldap.conf*",
        "nslcd.conf*",
        "slapd.conf*", "/etc/ldap/slapd.d", "/etc/samba/private", "/var/lib/samba/private", "smbpasswd*",
        "*.tdb",
        // Histories, in which people type what they should not.
        ".*_history", ".lesshst", ".viminfo",
        // Of the kernel's and the container runtimes' own mounts.
        "/run/secrets", "/run/credentials", "/var/run/secrets",
    ]
    + secretEndings.flatMap { ["*.\($0)", "*.\($0)[.~_-]*"] }

/// Endings of key files and key stores; also with what backups, packages and editors append.
private let secretEndings = [
    "key", "pem", "p12", "pfx", "p8", "pkcs12", "jks", "jceks", "keystore", "bks", "kdbx", "kdb", "ppk",
    "keytab", "psk",
    "age", "psafe3", "agilekeychain", "keychain", "wallet", "ovpn", "htpasswd",
]

/// Files that a word of the table means, and that hold none.
let harmlessPatternTable = ["/etc/pam.d/common-password", "/etc/pam.d/password-auth"]
